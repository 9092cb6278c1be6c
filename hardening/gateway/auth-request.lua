-- Asks another service whether a request may pass: `http-request lua.auth-request URL`. Sets txn.auth_status to what it
-- answered, 0 where it did not, and copies nothing: the configuration takes the headers that it names from
-- txn.auth_<header>, in lower case with _ for -.
-- What the service learns is what a browser told the gateway: the cookie, Authorization, and the request's own place.
local PASSED = { "authorization", "cookie", "user-agent", "accept" }

core.register_action("auth-request", { "http-req" }, function(txn, url, names)
  txn:set_var("txn.auth_status", 0)
  local own = txn.http:req_get_headers()
  local headers = {
    ["x-forwarded-host"] = { txn.f:req_hdr("host") },
    ["x-forwarded-method"] = { txn.f:method() },
    ["x-forwarded-proto"] = { "https" },
    ["x-forwarded-uri"] = { txn.f:pathq() },
    ["x-forwarded-for"] = { tostring(txn.f:src()) },
    ["x-original-url"] = { "https://" .. txn.f:req_hdr("host") .. txn.f:pathq() },
  }
  for _, name in ipairs(PASSED) do
    local values = own[name]
    if values ~= nil then
      headers[name] = {}
      for _, value in pairs(values) do table.insert(headers[name], value) end
    end
  end
  local answer = core.httpclient():get({ url = url, headers = headers, timeout = 5000 })
  if answer == nil or answer.status == nil or answer.status == 0 then return end
  txn:set_var("txn.auth_status", answer.status)
  for name in string.gmatch(names or "", "[^,]+") do
    local values = answer.headers and answer.headers[name]
    if values ~= nil then txn:set_var("txn.auth_" .. string.gsub(name, "-", "_"), values[0] or values[1]) end
  end
end, 2)
