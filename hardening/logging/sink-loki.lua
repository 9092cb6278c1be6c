-- Loki's push API. Labels are few and of few values, as Loki wants them; the fields of a line are found with `| json`.
SINK.content_type = "application/json"

local json = RAMPART.json

local function nanoseconds(time) return string.format("%d%09d", RAMPART.time(time)) end

function SINK.encode(batch)
  local streams = {}
  local groups = SINK.groups(batch, function(line) return line.source.id .. line.stream end)
  for at, lines in ipairs(groups) do
    local values = {}
    for place, line in ipairs(lines) do
      values[place] = '["' .. nanoseconds(line.time) .. '",' .. json(line.text) .. "]"
    end
    local source = lines[1].source
    streams[at] = table.concat({
      '{"stream":{"component":', json(source.component),
      ',"container":', json(source.name),
      ',"stack":', json(SINK.stack),
      ',"stream":"', lines[1].stream,
      '"},"values":[', table.concat(values, ","), "]}",
    })
  end
  return '{"streams":[' .. table.concat(streams, ",") .. "]}"
end
