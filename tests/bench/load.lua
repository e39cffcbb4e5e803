-- SPDX-License-Identifier: MIT
-- What wrk sends, and how it tells what it measured.
--
--   wrk -t1 ... -s load.lua URL -- post SALT      a contact form, never the same twice
--   wrk -t1 ... -s load.lua URL -- get [TOKEN]    one fixed request
--   wrk -t1 ... -s load.lua URL -- fresh          the same, each time over a new connection
--
-- A service may collapse equal posts, so every body differs: by the salt from
-- run to run, by two numbers within a run. Both halves of a request are made
-- beforehand and only joined per request: wrk must not be the bottleneck.

local HALVES = 2048 -- so 4 million bodies before one comes again

local BODY = '{"name":"Ada Lovelace %04d","email":"ada.%04d@%s.example.org",' ..
  '"message":"Hello, I saw your portfolio and would like to talk about a small project: a booking page for ' ..
  'our reading group, with about two hundred visitors a month. We have the texts and the pictures ready, and ' ..
  'the date is flexible. Could you tell me whether you are free in spring, and what it would roughly cost? ' ..
  'Best regards, Ada (%04d)"}'
local CUT = "Best regards" -- where the second half begins

local function post(salt)
  local heads, tails, sent = {}, {}, 0
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
  for i = 0, HALVES - 1 do
    local whole = wrk.format(nil, nil, nil, BODY:format(i, i, salt, i))
    local cut = whole:find(CUT, 1, true)
    heads[i], tails[i] = whole:sub(1, cut - 1), whole:sub(cut)
  end
  -- Global: wrk calls it for every request.
  function request()
    local head, tail = math.floor(sent / HALVES) % HALVES, sent % HALVES
    sent = sent + 1
    return heads[head] .. tails[tail]
  end
end

function init(arguments)
  if arguments[1] == "post" then
    post(arguments[2])
  elseif arguments[1] == "fresh" then
    wrk.headers["Connection"] = "close"
  elseif arguments[2] then
    wrk.headers["Authorization"] = "Bearer " .. arguments[2]
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"answers":%d,"seconds":%.6f,"mean_ms":%.3f,"p50_ms":%.3f,"p99_ms":%.3f,' ..
    '"refused":%d,"broken":%d,"late":%d}\n',
    summary.requests, summary.duration / 1e6, latency.mean / 1e3,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write, errors.timeout))
end
