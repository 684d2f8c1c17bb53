passwd after=files tenure
group after=files tenure
