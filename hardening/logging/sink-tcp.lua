-- A sink that takes lines over a connection that stays open: the frontend `from-script-to-sink` leads there.
SINK = { stack = os.getenv("RAMPART_STACK") or "" }

local PORT = tonumber(os.getenv("RAMPART_SINK_PORT") or "9000")
-- Seconds: for how long what was sent may still be on its way when the connection breaks.
local IN_FLIGHT = 5
-- Milliseconds after which a server that is not there has been noticed.
local SETTLE = 300
local SILENCE = 86400

local socket, closed
-- Batches of the last seconds, which are sent again over a new connection: the protocol has no acknowledgement.
local recent = {}

local function connect()
  local made = core.tcp()
  made:settimeout(SILENCE)
  if made:connect("127.0.0.1", PORT) == nil then return false end
  local state = { closed = false }
  socket, closed = made, state
  -- The other side says nothing but that it is gone.
  core.register_task(function()
    repeat until made:receive("*l") == nil
    state.closed = true
  end)
  core.msleep(SETTLE)
  return not state.closed
end

local function drop()
  if socket ~= nil then socket:close() end
  socket, closed = nil, nil
end

local function write(text)
  if closed.closed then return false end
  local sent = socket:send(text)
  return sent ~= nil and sent >= #text and not closed.closed
end

local function ready()
  if socket ~= nil and not closed.closed then return true end
  drop()
  if not connect() then
    drop()
    return false
  end
  for _, one in ipairs(recent) do
    if not write(one.text) then
      drop()
      return false
    end
  end
  local now = core.now().sec
  for _, one in ipairs(recent) do one.at = now end
  return true
end

local function remember(text)
  local now = core.now().sec
  local kept = { { text = text, at = now } }
  for at = #recent, 1, -1 do
    if now - recent[at].at <= IN_FLIGHT then table.insert(kept, 1, recent[at]) end
  end
  recent = kept
end

function SINK.send(batch)
  if not ready() then return "away", "no connection" end
  local text = SINK.encode(batch)
  if not write(text) then return "away", "the connection broke" end
  remember(text)
  return "taken"
end

-- While nothing is to be sent: a connection that broke is made again for what may not have arrived. Answers as `send`
-- does, where that was needed.
function SINK.tick()
  if #recent == 0 then return end
  if closed == nil or closed.closed then
    if ready() then return "taken" end
    core.msleep(1000)
    return "away", "no connection"
  elseif core.now().sec - recent[#recent].at > IN_FLIGHT then
    recent = {}
  end
end
