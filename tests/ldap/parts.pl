#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1-or-later
# parts.pl SOCKET FOLDER: an LDAP server that gives what Active Directory would: users u1 to uN, and a group "big" of them
# whose members come 1500 at once (MS-ADTS 3.1.1.3.1.3.3). FOLDER/members: N; FOLDER/lie: "repeat", "forever", "mute", "fail";
# what is asked for goes to FOLDER/asked.
use strict;
use warnings;
use IO::Socket::UNIX;
use constant { PART => 1500, SUFFIX => 'dc=contoso,dc=com' };

my ($path, $folder) = @ARGV;

sub said { my ($name) = @_; open my $f, '<', "$folder/$name" or return ''; my $t = <$f> // ''; chomp $t; return $t }
sub note { open my $f, '>>', "$folder/asked" or die; print $f "@_\n" }

# BER (X.690): a value with its tag; the values of a constructed one, as [tag, content].
sub ber
{
	my ($tag, @content) = @_;
	my $content = join '', @content;
	my $len = length $content;
	return pack('CC', $tag, $len) . $content if $len < 128;
	my $bytes = pack 'N', $len;
	return pack('CC', $tag, 0x84) . $bytes . $content;
}
sub parse
{
	my ($bytes) = @_;
	my @found;
	while (length $bytes) {
		my ($tag, $len) = unpack 'CC', $bytes;
		my $head = 2;
		if ($len & 0x80) {
			$head += my $count = $len & 0x7f;
			$len = 0;
			$len = $len << 8 | ord substr $bytes, 2 + $_, 1 for 0 .. $count - 1;
		}
		push @found, [$tag, substr $bytes, $head, $len];
		$bytes = substr $bytes, $head + $len;
	}
	return @found;
}
sub number { return ber(0x02, pack 'N', shift) }
sub text { return ber(0x04, shift) }
sub message { my ($id, @op) = @_; return ber(0x30, number($id), @op) }
sub done { my ($tag, $code, @more) = @_; return ber($tag, ber(0x0a, chr $code), text(''), text('')), @more }
sub entry
{
	my ($dn, @attributes) = @_;
	my @list;
	while (my ($name, $values) = splice @attributes, 0, 2) {
		push @list, ber(0x30, text($name), ber(0x31, map { text($_) } @$values));
	}
	return ber(0x64, text($dn), ber(0x30, @list));
}

# --- what there is ---

sub members { my ($low, $high) = @_; return [map { "CN=u$_,CN=Users," . SUFFIX } $low + 1 .. $high + 1] }
sub part
{
	my ($low) = @_;
	my $last = said('members') - 1;
	return ("member;range=$low-*", members($low, $last)) if $last - $low < PART;
	return (sprintf('member;range=%d-%d', $low, $low + PART - 1), members($low, $low + PART - 1));
}
sub id { return pack 'x12N', shift }
sub big
{
	my @first = said('members') > PART ? ('member', [], part(0)) : ('member', members(0, said('members') - 1));
	return entry('CN=big,CN=Users,' . SUFFIX, objectClass => ['group'], sAMAccountName => ['big'], objectGUID => [id(1)],
		gidNumber => ['1900000500'], @first);
}
sub user
{
	my ($n) = @_;
	return entry("CN=u$n,CN=Users," . SUFFIX, objectClass => ['user'], sAMAccountName => ["u$n"], objectGUID => [id(1000 + $n)],
		userAccountControl => ['512'], uidNumber => [1900001000 + $n], gidNumber => [1900001000 + $n]);
}

# --- what is asked for ---

sub page # FIRST COUNT: of big and all users
{
	my ($id, $first, $count) = @_;
	my $all = 1 + said('members');
	my $next = $first + $count < $all ? $first + $count : 0;
	my $cookie = ber(0x30, number(0), text($next || ''));
	return (map({ message($id, $_ == 0 ? big() : user($_)) } $first .. ($next || $all) - 1),
		message($id, done(0x65, 0, ber(0xa0, ber(0x30, text('1.2.840.113556.1.4.319'), text($cookie))))));
}
sub rest
{
	my ($id, $low) = @_;
	my $lie = said('lie');
	return () if $lie eq 'mute';
	return message($id, done(0x65, 1)) if $lie eq 'fail';
	my @part = $lie eq 'repeat' ? part(0) : $lie eq 'forever' ? (sprintf('member;range=%d-%d', $low, $low + 1), members($low, $low + 1))
		: part($low);
	return (message($id, entry('CN=big,CN=Users,' . SUFFIX, objectGUID => [id(1)], @part)), message($id, done(0x65, 0)));
}
sub search
{
	my ($id, $op, $controls) = @_;
	my ($base, $scope, undef, undef, undef, undef, undef, $attributes) = parse($op);
	my @wanted = map { $_->[1] } parse($attributes->[1]);
	my %controls = map { my ($oid, @more) = parse($_->[1]); ($oid->[1], $more[-1][1]) } parse($controls);
	if (ord $scope->[1]) {
		my $paged = $controls{'1.2.840.113556.1.4.319'} or return message($id, done(0x65, 12));
		my ($size, $cookie) = map { $_->[1] } parse((parse($paged))[0][1]);
		note('page');
		return page($id, $cookie || 0, unpack 'N', substr "\0\0\0$size", -4);
	}
	return message($id, entry(SUFFIX, objectClass => ['domain'])), message($id, done(0x65, 0)) if $base->[1] !~ /^cn=big/i;
	note($wanted[0]) if $wanted[0] =~ /range/;
	return rest($id, $1) if $wanted[0] =~ /^member;range=(\d+)-\*$/;
	return (message($id, big()), message($id, done(0x65, 0)));
}

sub read_message
{
	my ($peer) = @_;
	my ($head, $rest) = ('', '');
	return if (read $peer, $head, 2) != 2;
	my $len = ord substr $head, 1;
	if ($len & 0x80) {
		read $peer, my $more, $len & 0x7f;
		$len = unpack 'N', substr "\0\0\0$more", -4;
	}
	return (read $peer, $rest, $len) == $len ? $rest : undef;
}
sub serve
{
	my ($peer) = @_;
	while (defined(my $bytes = read_message($peer))) {
		my ($id, $op, $controls) = parse($bytes);
		my $number = unpack 'N', substr "\0\0\0$id->[1]", -4;
		last if $op->[0] == 0x42; # unbind
		print $peer message($number, done(0x61, 0)) if $op->[0] == 0x60;
		print $peer search($number, $op->[1], $controls ? $controls->[1] : '') if $op->[0] == 0x63;
		$peer->flush;
	}
	exit 0;
}

umask 0;
my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 16) or die "$path: $!";
$SIG{CHLD} = 'IGNORE';
while (1) {
	my $peer = $listener->accept or next;
	serve($peer) if fork == 0;
	close $peer;
}
