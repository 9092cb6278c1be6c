-- Metrics of the stack's containers: what the Docker engine says of each. Read-only, and only through the frontend
-- `engine` of this HAProxy, which lets three requests pass.
local ENGINE = "http://127.0.0.1:2375"
local STACK = os.getenv("RAMPART_STACK") or ""
local AUTHORITY_END = os.getenv("RAMPART_AUTHORITY_END") or ""
local LABEL = "io.rampart."

-- JSON: only what the engine writes. null is nil.
local parse
local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function skip(text, at) return string.find(text, "[^ \t\r\n]", at) or #text + 1 end

local function parse_string(text, at)
  local parts = {}
  local start = at + 1
  while true do
    local stop = string.find(text, '["\\]', start)
    if stop == nil then error("a string without an end") end
    table.insert(parts, string.sub(text, start, stop - 1))
    if string.sub(text, stop, stop) == '"' then return table.concat(parts), stop + 1 end
    local escape = string.sub(text, stop + 1, stop + 1)
    if escape == "u" then
      table.insert(parts, "?")
      start = stop + 6
    else
      table.insert(parts, ESCAPES[escape] or escape)
      start = stop + 2
    end
  end
end

local function parse_items(text, at, close, item)
  at = skip(text, at + 1)
  if string.sub(text, at, at) == close then return at + 1 end
  while true do
    at = skip(text, item(at))
    local mark = string.sub(text, at, at)
    if mark == close then return at + 1 end
    if mark ~= "," then error("no comma at " .. at) end
    at = skip(text, at + 1)
  end
end

parse = function(text, at)
  at = skip(text, at)
  local mark = string.sub(text, at, at)
  if mark == '"' then return parse_string(text, at) end
  if mark == "{" then
    local object = {}
    local stop = parse_items(text, at, "}", function(place)
      local key, after = parse_string(text, place)
      local value, rest = parse(text, skip(text, after) + 1)
      object[key] = value
      return rest
    end)
    return object, stop
  end
  if mark == "[" then
    local list = {}
    local stop = parse_items(text, at, "]", function(place)
      local value, rest = parse(text, place)
      table.insert(list, value)
      return rest
    end)
    return list, stop
  end
  local word = string.match(text, "^[%w.+-]+", at) or error("no value at " .. at)
  local value = tonumber(word)
  if word == "true" then value = true elseif word == "false" then value = false end
  return value, at + #word
end

local function ask(path)
  local answer = core.httpclient():get({ url = ENGINE .. path, timeout = 5000 })
  if answer == nil or answer.status ~= 200 then return nil end
  local read, value = pcall(parse, answer.body, 1)
  if read then return value end
  return nil
end

-- 2026-11-24T18:00:00Z in seconds; the container's clock is UTC.
local function seconds(time)
  local y, mo, d, h, mi, s = string.match(time or "", "^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)")
  if y == nil then return nil end
  return os.time({ year = y, month = mo, day = d, hour = h, min = mi, sec = s, isdst = false })
end

local function escaped(text) return (string.gsub(text, '["\\\n]', "_")) end

local HELP = {
  { "rampart_engine_up", "gauge", "Whether the engine answers." },
  { "rampart_container_running", "gauge", "Whether the container runs." },
  { "rampart_container_healthy", "gauge", "Whether the container's health check does not fail." },
  { "rampart_container_restarts_total", "counter", "Restarts after the container ended by itself." },
  { "rampart_container_oom_killed", "gauge", "Whether the container was killed at its memory limit." },
  { "rampart_container_started_seconds", "gauge", "When the container started." },
  { "rampart_container_memory_bytes", "gauge", "Memory in use, without what the kernel can take back." },
  { "rampart_container_memory_limit_bytes", "gauge", "The container's memory limit." },
  { "rampart_certificate_end_seconds", "gauge", "When a certificate of the stack's authority ends." },
}

local function flag(value) return value and 1 or 0 end

-- Containers that the last scrape saw running, and what was last known of their memory. An engine may take a second for
-- a container's statistics, so they are asked for in turn and beside the scrapes.
local running = {}
local memory = {}

local function measure(id)
  local stats = ask("/containers/" .. id .. "/stats?stream=false&one-shot=true")
  local used = stats and stats.memory_stats
  if used == nil or used.usage == nil then return nil end
  local more = used.stats or {}
  return { used = used.usage - (more.inactive_file or more.total_inactive_file or 0), limit = used.limit }
end

core.register_task(function()
  while true do
    local known = {}
    for _, id in ipairs(running) do
      known[id] = measure(id)
      memory[id] = known[id]
    end
    memory = known
    core.msleep(1000)
  end
end)

local function container(id, labels, lines, alive)
  local found = ask("/containers/" .. id .. "/json")
  local state = found and found.State
  if state == nil then return end
  local names = string.format(
    '{component="%s",container="%s",id="%s"}',
    escaped(labels[LABEL .. "component"] or ""),
    escaped(labels[LABEL .. "name"] or ""),
    string.sub(id, 1, 12)
  )
  local function add(metric, value)
    if value ~= nil then table.insert(lines[metric], metric .. names .. " " .. string.format("%.0f", value)) end
  end
  add("rampart_container_running", flag(state.Running))
  if state.Health ~= nil then add("rampart_container_healthy", flag(state.Health.Status ~= "unhealthy")) end
  add("rampart_container_restarts_total", found.RestartCount or 0)
  add("rampart_container_oom_killed", flag(state.OOMKilled))
  add("rampart_container_started_seconds", seconds(state.StartedAt))
  if not state.Running then return end
  table.insert(alive, id)
  local last = memory[id]
  if last == nil then return end
  add("rampart_container_memory_bytes", last.used)
  add("rampart_container_memory_limit_bytes", last.limit)
end

local function certificate(name, time, lines)
  local at = seconds(time)
  if at == nil then return end
  local metric = "rampart_certificate_end_seconds"
  table.insert(lines[metric], string.format('%s{certificate="%s"} %.0f', metric, escaped(name), at))
end

local function collect(lines)
  local alive = {}
  local containers = ask("/containers/json?all=true&filters=%7B%22label%22%3A%5B%22" .. LABEL .. "stack%3D" .. STACK .. "%22%5D%7D")
  table.insert(lines["rampart_engine_up"], "rampart_engine_up " .. flag(containers ~= nil))
  for _, one in ipairs(containers or {}) do
    local labels = one.Labels or {}
    local component = labels[LABEL .. "component"]
    certificate(labels[LABEL .. "name"] or "", labels[LABEL .. "certificate-end"], lines)
    -- A carrier never runs, a job ends, and what a command makes for its own time is its own matter.
    if component ~= "carrier" and component ~= "job" and labels[LABEL .. "ephemeral"] == nil then
      container(one.Id, labels, lines, alive)
    end
  end
  running = alive
  certificate("authority", AUTHORITY_END, lines)
end

core.register_service("engine-metrics", "http", function(applet)
  local lines = {}
  for _, help in ipairs(HELP) do lines[help[1]] = {} end
  collect(lines)
  local text = {}
  for _, help in ipairs(HELP) do
    table.insert(text, "# HELP " .. help[1] .. " " .. help[3])
    table.insert(text, "# TYPE " .. help[1] .. " " .. help[2])
    for _, line in ipairs(lines[help[1]]) do table.insert(text, line) end
  end
  local body = table.concat(text, "\n") .. "\n"
  applet:set_status(200)
  applet:add_header("content-type", "text/plain; version=0.0.4; charset=utf-8")
  applet:add_header("content-length", tostring(#body))
  applet:start_response()
  applet:send(body)
end)
