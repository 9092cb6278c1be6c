-- Metrics of Redis: what INFO says, by a user that may ask for nothing else. TLS is the backend's matter.
local USER = os.getenv("RAMPART_REDIS_USER") or ""
local PORT = tonumber(os.getenv("RAMPART_REDIS_PORT") or "6379")
local file = io.open(os.getenv("RAMPART_REDIS_PASSWORD_FILE") or "/run/secrets/redis_password")
local PASSWORD = file and file:read("a") or ""
if file then file:close() end

-- Names as redis_exporter has them.
local FIELDS = {
  { "connected_clients", "redis_connected_clients", "gauge" },
  { "blocked_clients", "redis_blocked_clients", "gauge" },
  { "used_memory", "redis_memory_used_bytes", "gauge" },
  { "maxmemory", "redis_memory_max_bytes", "gauge" },
  { "uptime_in_seconds", "redis_uptime_in_seconds", "gauge" },
  { "total_commands_processed", "redis_commands_processed_total", "counter" },
  { "rejected_connections", "redis_rejected_connections_total", "counter" },
  { "evicted_keys", "redis_evicted_keys_total", "counter" },
  { "keyspace_hits", "redis_keyspace_hits_total", "counter" },
  { "keyspace_misses", "redis_keyspace_misses_total", "counter" },
  { "acl_access_denied_auth", "redis_acl_access_denied_auth_total", "counter" },
  { "rdb_last_bgsave_status", "redis_rdb_last_bgsave_status", "gauge" },
  { "aof_last_write_status", "redis_aof_last_write_status", "gauge" },
}

-- INFO's text; nil where Redis does not answer, or does not know the user.
local function info()
  local socket = core.tcp()
  socket:settimeout(5)
  if socket:connect("127.0.0.1", PORT) == nil then return nil end
  socket:send("AUTH " .. USER .. " " .. PASSWORD .. "\r\nINFO\r\n")
  local text = nil
  if socket:receive("*l") == "+OK" then
    local size = string.match(socket:receive("*l") or "", "^%$(%d+)")
    if size ~= nil then text = socket:receive(tonumber(size)) end
  end
  socket:close()
  return text
end

core.register_service("redis-metrics", "http", function(applet)
  local text = info()
  local lines = { "# TYPE redis_up gauge", "redis_up " .. (text and 1 or 0) }
  for _, field in ipairs(FIELDS) do
    local value = text and string.match(text, "\n" .. field[1] .. ":([%w.]+)")
    if value == "ok" then value = "1" elseif value == "err" then value = "0" end
    if value ~= nil and tonumber(value) ~= nil then
      table.insert(lines, "# TYPE " .. field[2] .. " " .. field[3])
      table.insert(lines, field[2] .. " " .. value)
    end
  end
  local body = table.concat(lines, "\n") .. "\n"
  applet:set_status(200)
  applet:add_header("content-type", "text/plain; version=0.0.4; charset=utf-8")
  applet:add_header("content-length", tostring(#body))
  applet:start_response()
  applet:send(body)
end)
