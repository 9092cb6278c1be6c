-- Reads what the stack's containers print, from the engine's own files, and hands it to the sink. The engine keeps the
-- lines until then: a sink that is away loses nothing but what the engine's rotation drops meanwhile.
local LIST_PORT = os.getenv("RAMPART_LIST_PORT") or "2375"
local FOLLOW_PORT = tonumber(os.getenv("RAMPART_FOLLOW_PORT") or "2376")
local STACK = os.getenv("RAMPART_STACK") or ""
local POSITIONS = os.getenv("RAMPART_POSITIONS") or "/positions/positions"
local LABEL = "io.rampart."
-- Bytes that wait here, all containers together; more stay with the engine.
local MOST_WAITING = 4 * 1024 * 1024
-- What a line takes beside its text.
local LINE_COST = 300
local LONGEST_LINE = 65536
local BATCH = { lines = 500, bytes = 256 * 1024 }
-- Milliseconds.
local LOOK_EVERY, SAVE_EVERY, IDLE, FULL = 2000, 1000, 200, 100
-- Seconds after which one that has ended is read once more: it may have run again in between.
local LOOK_AGAIN = 60
local LONGEST_PAUSE = 30000
-- Times of FULL after which a reader leaves its stream: one that stands still misses files that are rotated away.
local PATIENCE = 50
-- Seconds for which a stream may be silent.
local SILENCE = 86400

-- By a container's id: what the engine says of it, up to where its lines were read, and whether somebody reads them.
local sources = {}
-- Up to where lines were delivered: { time, count of lines of that very time }.
local delivered = {}
local changed = false
local queue, first, last, waiting = {}, 1, 0, 0
local counts = { delivered = 0, refused = 0 }
local engine_up, sink_up = 1, 1

local function load_positions()
  local file = io.open(POSITIONS)
  if file == nil then return end
  for line in file:lines() do
    local id, time, count = string.match(line, "^(%x+) (%S+) (%d+)$")
    if id ~= nil then delivered[id] = { time = time, count = tonumber(count) } end
  end
  file:close()
end

local function save_positions()
  local file = io.open(POSITIONS .. ".new", "w")
  if file == nil then
    core.Warning("positions are not saved: " .. POSITIONS)
    return
  end
  for id, at in pairs(delivered) do file:write(id, " ", at.time, " ", at.count, "\n") end
  file:close()
  os.rename(POSITIONS .. ".new", POSITIONS)
end

local function advance(at, time)
  if at ~= nil and at.time == time then return { time = time, count = at.count + 1 } end
  return { time = time, count = 1 }
end

-- Whether a line could wait here: not for long, where the sink takes none.
local function room()
  for _ = 1, PATIENCE do
    if waiting < MOST_WAITING then return true end
    core.msleep(FULL)
  end
  return false
end

local function push(source, stream, time, text)
  -- An empty line tells nothing, and some receivers refuse it.
  if text ~= "" then
    if not room() then return false end
    last = last + 1
    queue[last] = { source = source, stream = stream, time = time, text = RAMPART.utf8(text) }
    waiting = waiting + #text + LINE_COST
  end
  source.read = advance(source.read, time)
  return true
end

-- Bytes of an answer as they come, from the channel that they pass: nothing of it reaches whoever asked. A Lua socket
-- would not do, as it stands still once its buffer was full (seen on 2.6 and 3.2).
local function reader(channel)
  local buffer, at = "", 1
  return function(size)
    while #buffer - at + 1 < size do
      if (channel:data(0, 1) or "") == "" then return nil end
      local more = channel:data()
      channel:remove(0, #more)
      buffer, at = string.sub(buffer, at) .. more, 1
    end
    local piece = string.sub(buffer, at, at + size - 1)
    at = at + size
    return piece
  end
end

local function is_answer(bytes)
  local header = {}
  repeat
    header[#header + 1] = bytes(1)
    local text = table.concat(header, "", math.max(1, #header - 3))
    if text == "\r\n\r\n" then return string.find(table.concat(header), "^HTTP/1%.%d 200 ") ~= nil end
  until header[#header] == nil or #header > 8192
  return false
end

-- A container's lines, until its stream ends. The engine cuts a long line into parts of one time.
local function read_lines(source, bytes)
  local from = source.from
  local known = 0
  local parts = {}
  while true do
    local header = bytes(8)
    if header == nil then return end
    local kind, size = string.unpack(">B xxx I4", header)
    local frame = bytes(size)
    local time, text = string.match(frame or "", "^(%S+) (.*)$")
    if time == nil or RAMPART.time(time) == nil then return end
    local stream = kind == 2 and "stderr" or "stdout"
    local part = parts[stream]
    if part ~= nil then time, text = part.time, part.text .. text end
    if string.sub(text, -1) ~= "\n" and #text < LONGEST_LINE then
      parts[stream] = { time = time, text = text }
    else
      parts[stream] = nil
      text = string.gsub(string.sub(text, 1, LONGEST_LINE), "\r?\n$", "")
      if time == from.time and known < from.count then
        known = known + 1
      elseif not push(source, stream, time, text) then
        return
      end
    end
  end
end

core.register_action("read-lines", { "tcp-res" }, function(txn)
  local source = sources[txn:get_var("sess.container") or ""]
  if source == nil then return end
  local bytes = reader(txn.res)
  if not is_answer(bytes) then return end
  source.answered = true
  read_lines(source, bytes)
end)

-- Follows a container's lines from where they were read to.
local function follow(source)
  source.from = source.read or { time = "1970-01-01T00:00:01.000000000Z", count = 0 }
  source.answered = false
  local socket = core.tcp()
  socket:settimeout(SILENCE)
  if socket:connect("127.0.0.1", FOLLOW_PORT) == nil then return end
  local seconds, nanoseconds = RAMPART.time(source.from.time)
  local since = string.format("%d.%09d", seconds, nanoseconds)
  -- By 1.0 nothing is sent in chunks. The frontend finds the id at its place.
  local wanted = "/logs?follow=1&stdout=1&stderr=1&timestamps=1&since=" .. since
  socket:send("GET /containers/" .. source.id .. wanted .. " HTTP/1.0\r\nHost: docker\r\n\r\n")
  -- What was read does not come here: only the end does, or what nobody wanted to read.
  socket:receive(1)
  socket:close()
end

local function read(source)
  source.reading = true
  core.register_task(function()
    local ran = source.running
    follow(source)
    while waiting >= MOST_WAITING // 2 do core.msleep(FULL) end
    -- Of one that had ended before, everything is read now.
    if source.answered and not ran then source.drained = core.now().sec end
    source.reading = false
  end)
end

local function containers()
  local filter = "%7B%22label%22%3A%5B%22" .. LABEL .. "stack%3D" .. STACK .. "%22%5D%7D"
  local url = "http://127.0.0.1:" .. LIST_PORT .. "/containers/json?all=true&filters=" .. filter
  local answer = core.httpclient():get({ url = url, timeout = 10000 })
  if answer == nil or answer.status ~= 200 then return nil end
  return RAMPART.parse(answer.body or "", 3)
end

-- A carrier never runs, and what a command makes for its own time is its own matter.
local function is_wanted(labels)
  return labels[LABEL .. "component"] ~= "carrier" and labels[LABEL .. "ephemeral"] == nil
end

local function look()
  local found = containers()
  engine_up = found and 1 or 0
  if found == nil then return end
  local there = {}
  for _, one in ipairs(found) do
    local labels = one.Labels or {}
    if is_wanted(labels) then
      there[one.Id] = true
      local source = sources[one.Id]
      if source == nil then
        source = {
          id = one.Id,
          short = string.sub(one.Id, 1, 12),
          name = labels[LABEL .. "name"] or "",
          component = labels[LABEL .. "component"] or "",
          read = delivered[one.Id],
        }
        sources[one.Id] = source
      end
      source.running = one.State ~= "exited" and one.State ~= "dead"
      if source.running then source.drained = nil end
      local again = source.drained == nil or core.now().sec - source.drained > LOOK_AGAIN
      if one.State ~= "created" and not source.reading and again then read(source) end
    end
  end
  for id, source in pairs(sources) do
    if not there[id] and not source.reading then
      sources[id] = nil
      source.gone = true
      delivered[id] = nil
      changed = true
    end
  end
end

local function take()
  local batch, size = {}, 0
  while first <= last and #batch < BATCH.lines and size < BATCH.bytes do
    local line = queue[first]
    queue[first] = nil
    first = first + 1
    size = size + #line.text
    batch[#batch + 1] = line
  end
  return batch
end

local function done(batch)
  for _, line in ipairs(batch) do
    local source = line.source
    waiting = waiting - #line.text - LINE_COST
    if not source.gone then delivered[source.id] = advance(delivered[source.id], line.time) end
  end
  changed = true
end

local function half(batch, from, to)
  local part = {}
  for at = from, to do part[#part + 1] = batch[at] end
  return part
end

local function say(up, why)
  if up == sink_up then return end
  sink_up = up
  core.Warning(up == 1 and "the sink takes logs again" or "the sink takes no logs (" .. why .. "); they wait")
end

-- Until the sink has taken the lines. A line that it refuses for what it is goes nowhere; the others do.
local function deliver(batch)
  local pause = 1000
  while true do
    local answer, why = SINK.send(batch)
    if answer == "taken" then
      say(1)
      counts.delivered = counts.delivered + #batch
      return done(batch)
    end
    if answer == "refused" then
      say(1)
      if #batch == 1 then
        counts.refused = counts.refused + 1
        -- One of its own would be refused again, and tell of that.
        local source = batch[1].source
        if source.component ~= "logging" then
          core.Warning("the sink refused a line of " .. source.name .. ": " .. why)
        end
        return done(batch)
      end
      local middle = #batch // 2
      deliver(half(batch, 1, middle))
      return deliver(half(batch, middle + 1, #batch))
    end
    say(0, why)
    core.msleep(pause)
    pause = math.min(pause * 2, LONGEST_PAUSE)
  end
end

load_positions()

core.register_task(function()
  while true do
    look()
    core.msleep(LOOK_EVERY)
  end
end)

core.register_task(function()
  while true do
    local batch = take()
    if #batch > 0 then deliver(batch) else core.msleep(IDLE) end
    if SINK.tick ~= nil then
      local answer, why = SINK.tick()
      if answer ~= nil then say(answer == "taken" and 1 or 0, why) end
    end
  end
end)

core.register_task(function()
  while true do
    core.msleep(SAVE_EVERY)
    if changed then
      changed = false
      save_positions()
    end
  end
end)

local function oldest()
  local line = queue[first]
  if line == nil then return 0 end
  return math.max(0, core.now().sec - RAMPART.time(line.time))
end

core.register_service("log-metrics", "http", function(applet)
  local body = table.concat({
    "# TYPE rampart_logs_engine_up gauge",
    "rampart_logs_engine_up " .. engine_up,
    "# TYPE rampart_logs_sink_up gauge",
    "rampart_logs_sink_up " .. sink_up,
    "# TYPE rampart_logs_delivered_lines_total counter",
    "rampart_logs_delivered_lines_total " .. counts.delivered,
    "# TYPE rampart_logs_refused_lines_total counter",
    "rampart_logs_refused_lines_total " .. counts.refused,
    "# TYPE rampart_logs_waiting_bytes gauge",
    "rampart_logs_waiting_bytes " .. waiting,
    "# TYPE rampart_logs_waiting_seconds gauge",
    "rampart_logs_waiting_seconds " .. oldest(),
    "",
  }, "\n")
  applet:set_status(200)
  applet:add_header("content-type", "text/plain; version=0.0.4; charset=utf-8")
  applet:add_header("content-length", tostring(#body))
  applet:start_response()
  applet:send(body)
end)
