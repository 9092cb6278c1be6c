-- Syslog: RFC 5424 by the octet count of RFC 6587, as RFC 5425 has it over TLS. The line is the message.
-- Facility local0, severity informational: what a program prints says nothing of how grave it is.
local HEAD = "<134>1 "

local function name(text, longest)
  local printable = string.gsub(string.sub(text, 1, longest), "[^\33-\126]", "_")
  return printable == "" and "-" or printable
end

-- Six digits of a second are all that the format has.
local function time(text) return (string.gsub(text, "(%.%d%d%d%d%d%d)%d*Z$", "%1Z")) end

function SINK.encode(batch)
  local parts = {}
  local stack = name(SINK.stack, 255)
  for at, line in ipairs(batch) do
    local source = line.source
    local message = table.concat({
      HEAD, time(line.time),
      " ", stack,
      " ", name(source.name, 48),
      " ", source.short,
      " ", line.stream,
      " - ", line.text,
    })
    parts[at] = #message .. " " .. message
  end
  return table.concat(parts)
end
