-- wrk's part of a run (https://github.com/wg/wrk/blob/master/SCRIPTING): whole requests, prepared beforehand.
--   wrk … -s load.lua URL -- REPEATED FRESH SHARE [LOG]
-- REPEATED, FRESH: files of records, each its length in bytes, a newline, and the bytes of an HTTP request;
--   of REPEATED any is sent at any time, of FRESH each once. `-`: none.
-- SHARE: how many of the requests are fresh ones, 0 to 1.
-- LOG: a file that gets a line for each answer, its status and its microseconds, which costs wrk some speed. Each
--   request carries its time of sending as X-Request-ID, which the server gives back (-1: it did not). A user
--   who is refused comes back after a second.
-- A line of JSON is written at the end.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long tv_sec; long tv_nsec; } bench_time;
  int clock_gettime(int clock, bench_time *time);
]]
local moment = ffi.new("bench_time")
local MONOTONIC = 1

local function now()
  ffi.C.clock_gettime(MONOTONIC, moment)
  return tonumber(moment.tv_sec) * 1e6 + tonumber(moment.tv_nsec) / 1e3
end

local function records(path)
  local found = {}
  if path == "-" then return found end
  local file = assert(io.open(path, "rb"))
  while true do
    local length = file:read("*l")
    if not length then break end
    found[#found + 1] = file:read(tonumber(length))
  end
  file:close()
  return found
end

local repeated, fresh, share = {}, {}, 0
used, wrapped = 0, 0
local log
local refused = 0

function init(args)
  repeated, fresh, share = records(args[1]), records(args[2]), tonumber(args[3])
  math.randomseed(1)
  if args[4] then
    log = assert(io.open(args[4], "w"))
    log:setvbuf("line")
  else
    response, delay = nil, nil
  end
end

function request()
  local chosen
  if #fresh > 0 and (#repeated == 0 or math.random() < share) then
    if used >= #fresh then
      used, wrapped = 0, wrapped + 1
    end
    used = used + 1
    chosen = fresh[used]
  else
    chosen = repeated[math.random(#repeated)]
  end
  if log then
    chosen = chosen:gsub("\r\n", string.format("\r\nX-Request-ID: %.0f\r\n", now()), 1)
  end
  return chosen
end

function response(status, headers, body)
  local sent = tonumber(headers["x-request-id"])
  log:write(string.format("%d %.0f\n", status, sent and now() - sent or -1))
  if status == 503 then
    refused = refused + 1
  end
end

function delay()
  if refused > 0 then
    refused = refused - 1
    return 1000
  end
  return 0
end

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function done(summary, latency, requests)
  local thread = threads[1]
  local errors = summary.errors
  io.write(string.format(
    '{"seconds": %.6f, "requests": %d, "p50": %.0f, "p90": %.0f, "p99": %.0f, "max": %.0f, "wrapped": %d, ' ..
    '"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}\n',
    summary.duration / 1e6, summary.requests,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max, thread:get("wrapped"),
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
