-- wrk's part: sends the requests of a file (parted by NUL), and tells the outcome as JSON.
-- Arguments: the file, "miss" or "same", and the milliseconds that a connection rests in between:
-- on the average, since connections that all rest alike would go on asking all at once.
local heads, sent, unique, rest = {}, 0, 0, 0
local is_miss = false

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for head in file:read("*a"):gmatch("([^%z]+)") do heads[#heads + 1] = head end
  file:close()
  is_miss = arguments[2] == "miss"
  rest = tonumber(arguments[3])
  math.randomseed(os.time())
  unique = math.random(2 ^ 31)
  sent = math.random(#heads)
  if rest > 0 then
    delay = function() return math.floor(2 * rest * math.random() + 0.5) end
  end
end

function request()
  sent = sent + 1
  local head = heads[sent % #heads + 1]
  if not is_miss then return head end
  unique = unique + 1
  return (head:gsub("@", unique))
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nJSON {"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
