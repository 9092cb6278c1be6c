-- Fluentd's forward protocol: one message a batch, which the receiver acknowledges.
SINK = { stack = os.getenv("RAMPART_STACK") or "" }

local PORT = tonumber(os.getenv("RAMPART_SINK_PORT") or "9000")
-- Seconds.
local ANSWER = 30
local char, pack = string.char, string.pack

local function sized(size, short, most, forms)
  if size <= most then return char(short + size) end
  for _, form in ipairs(forms) do
    if size <= form[1] then return char(form[2]) .. pack(form[3], size) end
  end
end

local TEXTS = { { 0xFF, 0xD9, ">I1" }, { 0xFFFF, 0xDA, ">I2" }, { 0xFFFFFFFF, 0xDB, ">I4" } }
local function text(of) return sized(#of, 0xA0, 31, TEXTS) .. of end
local function list(size) return sized(size, 0x90, 15, { { 0xFFFF, 0xDC, ">I2" }, { 0xFFFFFFFF, 0xDD, ">I4" } }) end
local function map(size) return sized(size, 0x80, 15, { { 0xFFFF, 0xDE, ">I2" }, { 0xFFFFFFFF, 0xDF, ">I4" } }) end

local function value(of)
  if math.type(of) == "integer" then return char(0xD3) .. pack(">i8", of) end
  if type(of) == "number" then return char(0xCB) .. pack(">d", of) end
  if type(of) == "boolean" then return char(of and 0xC3 or 0xC2) end
  return text(of)
end

-- EventTime: an extension of type 0, seconds and nanoseconds.
local function time(of) return "\xD7\x00" .. pack(">I4I4", RAMPART.time(of)) end

local function record(line)
  local source = line.source
  local fields = RAMPART.fields(line.text) or {}
  fields.component, fields.container, fields.instance = source.component, source.name, source.short
  fields.log, fields.stack, fields.stream = line.text, SINK.stack, line.stream
  local parts, size = {}, 0
  for name, of in pairs(fields) do
    size = size + 1
    parts[size] = text(name) .. value(of)
  end
  return map(size) .. table.concat(parts)
end

local chunks = 0
local function message(batch)
  local entries = {}
  for at, line in ipairs(batch) do entries[at] = list(2) .. time(line.time) .. record(line) end
  chunks = chunks + 1
  local chunk = string.format("%d-%d", core.now().sec, chunks)
  local option = map(1) .. text("chunk") .. text(chunk)
  local all = list(#batch) .. table.concat(entries)
  return list(3) .. text("rampart." .. SINK.stack) .. all .. option, map(1) .. text("ack") .. text(chunk)
end

local socket
local function drop(why)
  if socket ~= nil then socket:close() end
  socket = nil
  return "away", why
end

function SINK.send(batch)
  if socket == nil then
    socket = core.tcp()
    socket:settimeout(ANSWER)
    if socket:connect("127.0.0.1", PORT) == nil then return drop("no connection") end
  end
  local sent, ack = message(batch)
  if socket:send(sent) == nil then return drop("the connection broke") end
  if socket:receive(#ack) ~= ack then return drop("no acknowledgement") end
  return "taken"
end
