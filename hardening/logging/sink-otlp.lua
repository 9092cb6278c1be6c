-- OTLP over HTTP, in protobuf: every receiver has to take that. A line is a record; its fields are attributes.
SINK.content_type = "application/x-protobuf"

local char, pack = string.char, string.pack
-- Kinds of protobuf fields.
local VARINT, FIXED64, BYTES = 0, 1, 2

local function varint(number)
  local parts = {}
  -- Negative ones are of 64 bits, as the shift is a logical one.
  while number < 0 or number > 127 do
    parts[#parts + 1] = char(number & 127 | 128)
    number = number >> 7
  end
  parts[#parts + 1] = char(number)
  return table.concat(parts)
end

local function key(field, kind) return varint(field << 3 | kind) end
local function bytes(field, text) return key(field, BYTES) .. varint(#text) .. text end

local function value(of)
  if math.type(of) == "integer" then return key(3, VARINT) .. varint(of) end
  if type(of) == "number" then return key(4, FIXED64) .. pack("<d", of) end
  if type(of) == "boolean" then return key(2, VARINT) .. char(of and 1 or 0) end
  return bytes(1, of)
end

local function attribute(field, name, of) return bytes(field, bytes(1, name) .. bytes(2, value(of))) end

local function record(line)
  local seconds, nanoseconds = RAMPART.time(line.time)
  local time = pack("<i8", seconds * 1000000000 + nanoseconds)
  local parts = {
    key(1, FIXED64), time,
    bytes(5, value(line.text)),
    attribute(6, "log.iostream", line.stream),
    key(11, FIXED64), time,
  }
  for name, of in pairs(RAMPART.fields(line.text) or {}) do
    if name ~= "" then parts[#parts + 1] = attribute(6, name, of) end
  end
  return bytes(2, table.concat(parts))
end

local function resource(source)
  return bytes(1, table.concat({
    attribute(1, "container.id", source.id),
    attribute(1, "rampart.component", source.component),
    attribute(1, "service.name", source.name),
    attribute(1, "service.namespace", SINK.stack),
  }))
end

function SINK.encode(batch)
  local all = {}
  for at, lines in ipairs(SINK.groups(batch, function(line) return line.source.id end)) do
    local records = { bytes(1, bytes(1, "rampart")) }
    for _, line in ipairs(lines) do records[#records + 1] = record(line) end
    all[at] = bytes(1, resource(lines[1].source) .. bytes(2, table.concat(records)))
  end
  return table.concat(all)
end
