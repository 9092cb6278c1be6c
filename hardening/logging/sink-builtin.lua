-- VictoriaLogs: a JSON object a line. A line that is an object itself, such as the access log's, brings its fields.
SINK.content_type = "application/stream+json"

local json = RAMPART.json
-- What Rampart says of a line; a field of the same name stays within the line.
local OWN = {
  _msg = true,
  _stream = true,
  _stream_id = true,
  _time = true,
  component = true,
  container = true,
  instance = true,
  stack = true,
  stream = true,
}

function SINK.encode(batch)
  local lines = {}
  for at, line in ipairs(batch) do
    local source = line.source
    local parts = {
      '{"_time":', json(line.time),
      ',"_msg":', json(line.text),
      ',"stack":', json(SINK.stack),
      ',"container":', json(source.name),
      ',"component":', json(source.component),
      ',"instance":"', source.short,
      '","stream":"', line.stream, '"',
    }
    for name, value in pairs(RAMPART.fields(line.text) or {}) do
      if not OWN[name] and name ~= "" then
        parts[#parts + 1] = "," .. json(name) .. ":" .. json(tostring(value))
      end
    end
    parts[#parts + 1] = "}\n"
    lines[at] = table.concat(parts)
  end
  return table.concat(lines)
end
