-- What a run of wrk measured, as one line of JSON on stderr: wrk's own report goes to stdout.
function done(summary, latency, requests)
  local errors = summary.errors
  io.stderr:write(string.format(
    '{"requests":%d,"microseconds":%d,"p50":%f,"p99":%f,"failures":%d,"refusals":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end

-- `wrk … -- DEPTH`: so many requests in one write.
function init(args)
  local depth = tonumber(args[1] or "1")
  if depth == 1 then return end
  local requests = {}
  for i = 1, depth do requests[i] = wrk.format() end
  local batch = table.concat(requests)
  request = function() return batch end
end
