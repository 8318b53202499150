-- One request for wrk, again and again, as the environment says; the figures come as one line of JSON.
wrk.method = os.getenv("METHOD")
wrk.body = os.getenv("BODY")
wrk.headers["Authorization"] = os.getenv("AUTHORIZATION")
wrk.headers["Accept"] = "application/json"
wrk.headers["Content-Type"] = os.getenv("CONTENT_TYPE")

-- Over these paths in turn, if there are several.
local paths = {}
for path in (os.getenv("PATHS") or ""):gmatch("%S+") do
    paths[#paths + 1] = path
end
local turn = 0
local same

-- The one request is put together only once: wrk must not take the time that it measures.
function init()
    if #paths == 1 then same = wrk.format(nil, paths[1]) end
end

function request()
    if same then return same end
    turn = turn % #paths + 1
    return wrk.format(nil, paths[turn])
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests": %d, "seconds": %f, "median_ms": %f, "p99_ms": %f, "not_2xx": %d, "lost": %d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
