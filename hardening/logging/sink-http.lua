-- A sink that takes lines by HTTP: the frontend `from-script-to-sink` leads there, with TLS where the sink has it.
SINK = {}

local PORT = os.getenv("RAMPART_SINK_PORT") or "9000"
local PATH = os.getenv("RAMPART_SINK_PATH") or "/"
local STACK = os.getenv("RAMPART_STACK") or ""
-- Milliseconds.
local TIMEOUT = 30000
-- Statuses that tell of the lines, and not of the sink.
local REFUSED = { [400] = true, [413] = true, [422] = true }

-- `Name: value`, one a line; a secret.
local headers = {}
for line in string.gmatch(RAMPART.file(os.getenv("RAMPART_SINK_HEADERS") or "/run/secrets/sink_headers"), "[^\r\n]+") do
  local name, value = string.match(line, "^([^:]+): *(.*)$")
  if name ~= nil then headers[name] = { value } end
end

-- Lines by what they have in common, in the order in which they came.
function SINK.groups(batch, key)
  local groups, order = {}, {}
  for _, line in ipairs(batch) do
    local name = key(line)
    if groups[name] == nil then
      groups[name] = {}
      order[#order + 1] = name
    end
    table.insert(groups[name], line)
  end
  local list = {}
  for at, name in ipairs(order) do list[at] = groups[name] end
  return list
end

SINK.stack = STACK

function SINK.send(batch)
  local sent = { ["content-type"] = { SINK.content_type } }
  for name, value in pairs(headers) do sent[name] = value end
  local answer = core.httpclient():post({
    url = "http://127.0.0.1:" .. PORT .. PATH,
    headers = sent,
    body = SINK.encode(batch),
    timeout = TIMEOUT,
  })
  local status = answer and answer.status or 0
  if status >= 200 and status < 300 then return "taken" end
  local why = "status " .. status
  if REFUSED[status] then return "refused", why .. " " .. string.sub(answer.body or "", 1, 200) end
  return "away", why
end
