-- What one consumer of the Docker API may touch, and what it gets when it creates a container. The configuration has
-- judged the request by now; see docs/docker-api.md.
local function setting(name) return os.getenv("RAMPART_" .. name) or "" end

local SOCKET = "unix@" .. setting("SOCKET")
local LABEL = setting("LABEL")
local OWNER = setting("OWNER")
local LIMITS = {
  { key = "Memory", most = tonumber(setting("MEMORY")) },
  { key = "NanoCpus", most = tonumber(setting("NANO_CPUS")) },
  { key = "PidsLimit", most = tonumber(setting("PIDS")) },
}
-- Whether containers may be on the engine's own bridge, which has a way out.
local BRIDGE = setting("BRIDGE") == "true"
-- Labels by which Rampart knows its own containers; an image could bring them along.
local RESERVED = { "component", "ephemeral", "name", "pids-limit", "stack" }

local function encoded(text)
  return (string.gsub(text, "[^%w._-]", function(char) return string.format("%%%02X", string.byte(char)) end))
end

local function get(path)
  local answer = core.httpclient():get({ url = "http://engine" .. path, dst = SOCKET, timeout = 10000 })
  if answer == nil then return 0, "" end
  return answer.status or 0, answer.body or ""
end

-- The engine itself compares the label, and the whole id.
local function is_own(id)
  local filters = string.format('{"id":["%s"],"label":["%s=%s"]}', id, LABEL, OWNER)
  local status, body = get("/containers/json?all=1&filters=" .. encoded(filters))
  return status == 200 and string.find(body, "^%s*%[%s*{") ~= nil
end

-- The engine's answer begins with the id. Whatever else is in it, others can write.
local function container_of(path)
  local status, body = get(path .. "/json")
  if status ~= 200 then return status end
  local id = string.match(body, '^{"Id":"(%x+)"')
  if id == nil or #id ~= 64 then return 500 end
  return 200, id
end

local function command_of(path)
  local status, body = get(path .. "/json")
  if status ~= 200 then return status end
  -- Of a command that it can look up the engine says the container's id as a value of its own; a command's arguments
  -- are escaped in their strings, and no key of theirs is called so.
  local id = string.match(body, '"ContainerID":"(%x+)"')
  if id == nil or #id ~= 64 then return 500 end
  return 200, id
end

-- Sets txn.rule to `not-own` unless the request is about a container that this consumer created. A container is named
-- to the engine by its whole id from here on: a name could be another one's by the time that the engine looks.
core.register_action("own", { "http-req" }, function(txn, kind)
  local path = txn.f:path()
  local version, rest = string.match(path, "^(/v1%.%d+)(/.*)$")
  if version == nil then version, rest = "", path end
  local area, name, tail = string.match(rest, "^/(%a+)/([^/]+)(.*)$")
  if area == nil then return txn:set_var("txn.rule", "not-own") end
  local status, id
  if kind == "exec" then
    status, id = command_of("/exec/" .. name)
  else
    status, id = container_of("/containers/" .. name)
  end
  if status == 404 then return txn:set_var("txn.missing", true) end
  if status ~= 200 or not is_own(id) then return txn:set_var("txn.rule", "not-own") end
  if kind ~= "exec" then txn.http:req_set_path(version .. "/containers/" .. id .. tail) end
end, 1)

local function decoded(text)
  return (string.gsub(string.gsub(text, "+", " "), "%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- A client's filters, with the consumer's label among them. The last of two values of a key counts, and no text of a
-- client's can put what follows it into a string or an object of its own: the engine would refuse the whole.
local function narrowed(filters)
  local own = string.format('"%s=%s"', LABEL, OWNER)
  local start = string.match(filters, "^%s*({.*)}%s*$")
  if start == nil then return nil end
  local comma = string.find(start, "^{%s*$") and "" or ","
  local list = string.match(start, '.*"label"%s*:%s*%[([^%]]*)%]')
  local map = string.match(start, '.*"label"%s*:%s*{([^}]*)}')
  if map ~= nil then
    return string.format('%s%s"label":{%s%s%s:true}}', start, comma, map, string.find(map, "%S") and "," or "", own)
  end
  local more = list ~= nil and string.find(list, "%S") and (list .. ",") or ""
  return string.format('%s%s"label":[%s%s]}', start, comma, more, own)
end

-- A list shows what the consumer created, and nothing else.
core.register_action("narrow", { "http-req" }, function(txn)
  local parts, filters = {}, "{}"
  for part in string.gmatch(txn.f:query() or "", "[^&]+") do
    local name, value = string.match(part, "^([a-z]+)=?(.*)$")
    -- An engine decodes names, too.
    if name == nil then return txn:set_var("txn.rule", "query") end
    if name == "filters" then filters = decoded(value) else table.insert(parts, part) end
  end
  local all = narrowed(filters)
  if all == nil then return txn:set_var("txn.rule", "query") end
  table.insert(parts, 1, "filters=" .. encoded(all))
  txn.http:req_set_query(table.concat(parts, "&"))
end, 0)

-- The last value that a body gives a key. The grammar has let a number stand behind such a key in one place only.
local function given(body, key)
  local found
  for value in string.gmatch(body, '"' .. key .. '"%s*:%s*(%-?%d+)') do found = tonumber(value) end
  return found
end

local function limits(body)
  local parts = {}
  for _, limit in ipairs(LIMITS) do
    local wanted = given(body, limit.key)
    local value = limit.most
    if wanted ~= nil and wanted > 0 and wanted < limit.most then value = wanted end
    table.insert(parts, string.format('"%s":%d', limit.key, value))
    if limit.key == "Memory" then table.insert(parts, string.format('"MemorySwap":%d', value)) end
  end
  return parts
end

-- The engine takes the last of two values, and puts two objects together: what is added here holds whatever came
-- before.
local function completed(body)
  local labels = { string.format('"%s":"%s"', LABEL, OWNER) }
  for _, name in ipairs(RESERVED) do table.insert(labels, string.format('"io.rampart.%s":""', name)) end
  local host = limits(body)
  table.insert(host, '"CpuPeriod":0,"CpuQuota":0,"OomKillDisable":false')
  table.insert(host, '"LogConfig":{"Type":"json-file","Config":{"max-file":"3","max-size":"10m"}}')
  table.insert(host, '"SecurityOpt":["no-new-privileges:true"]')
  local mode = string.match(body, '.*"NetworkMode"%s*:%s*"([^"]*)"') or ""
  if not BRIDGE and (mode == "" or mode == "default" or mode == "bridge") then
    table.insert(host, '"NetworkMode":"none"')
  end
  local start = string.match(body, "^%s*(.*)}%s*$") or "{"
  local comma = string.find(start, "^{%s*$") and "" or ","
  return string.format('%s%s"Labels":{%s},"HostConfig":{%s}}', start, comma, table.concat(labels, ","),
    table.concat(host, ","))
end

local function relay(applet, body)
  local query = applet.qs ~= nil and applet.qs ~= "" and ("?" .. applet.qs) or ""
  local answer = core.httpclient():post({
    url = "http://engine" .. applet.path .. query,
    dst = SOCKET,
    body = body,
    headers = { ["content-type"] = { "application/json" } },
    timeout = 60000,
  })
  local status = answer and answer.status or 0
  if status == 0 then return 502, '{"message":"rampart: the Docker engine gave no valid answer"}' end
  return status, answer.body or ""
end

local function reply(applet, status, body)
  applet:set_status(status)
  applet:add_header("content-type", "application/json")
  applet:add_header("content-length", tostring(#body))
  applet:start_response()
  applet:send(body)
end

-- POST /networks/{id}/connect and disconnect: the body names a container. It is named by its whole id after all that the
-- client said, whatever the letters of its key.
core.register_service("attach", "http", function(applet)
  local body = applet:receive()
  local name = string.match(body, '.*"Container"%s*:%s*"([A-Za-z0-9][A-Za-z0-9_.-]*)"')
  local status, id = 404, nil
  if name ~= nil then status, id = container_of("/containers/" .. name) end
  if status == 404 then return reply(applet, 404, '{"message":"No such container"}') end
  local start = string.match(body, "^%s*(.*)}%s*$")
  if status ~= 200 or start == nil or not is_own(id) then
    return reply(applet, 403, '{"message":"rampart: docker API request refused: the container is not this consumer\'s (rule not-own)"}')
  end
  reply(applet, relay(applet, string.format('%s,"Container":"%s"}', start, id)))
end)

-- POST /containers/create: with the consumer's label, limits and logs.
core.register_service("create", "http", function(applet)
  reply(applet, relay(applet, completed(applet:receive())))
end)
