-- Count a visitor of a subject. ARGV: subject, day, the day's hash of the visitor, time to live (ms).
local visitors = key('unique', ARGV[2] .. ':' .. ARGV[1])
local new = redis.call('PFADD', visitors, ARGV[3])
redis.call('PEXPIRE', visitors, ARGV[4])
return new
