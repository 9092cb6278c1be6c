-- What the files after this one share: reading JSON, and lines as JSON, UTF-8 and numbers.
RAMPART = {}

local byte, find, match, sub = string.byte, string.find, string.match, string.sub
local CLOSE = { ["{"] = "}", ["["] = "]" }
local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }
local QUOTE = 34

local function skip(text, at) return find(text, "[^ \t\r\n]", at) or #text + 1 end

-- The place of the quote that ends a string.
local function string_end(text, at)
  local from = at + 1
  while true do
    local stop = find(text, '["\\]', from)
    if stop == nil then error("a string without an end") end
    if byte(text, stop) == QUOTE then return stop end
    from = stop + 2
  end
end

local function code_point(text, at)
  local code = tonumber(match(text, "^%x%x%x%x", at) or error("no code point"), 16)
  local low = code >= 0xD800 and code < 0xDC00 and match(text, "^\\u(%x%x%x%x)", at + 4)
  if low then return utf8.char(0x10000 + (code - 0xD800) * 0x400 + (tonumber(low, 16) - 0xDC00) % 0x400), at + 10 end
  if code >= 0xD800 and code < 0xE000 then code = 0xFFFD end
  return utf8.char(code), at + 4
end

local function parse_string(text, at)
  if byte(text, at) ~= QUOTE then error("no string") end
  local stop = string_end(text, at)
  local from = at + 1
  local escape = find(text, "\\", from, true)
  if escape == nil or escape > stop then return sub(text, from, stop - 1), stop + 1 end
  local parts = {}
  while escape ~= nil and escape < stop do
    parts[#parts + 1] = sub(text, from, escape - 1)
    local mark = sub(text, escape + 1, escape + 1)
    if mark == "u" then
      parts[#parts + 1], from = code_point(text, escape + 2)
    else
      parts[#parts + 1] = ESCAPES[mark] or mark
      from = escape + 2
    end
    escape = find(text, "\\", from, true)
  end
  parts[#parts + 1] = sub(text, from, stop - 1)
  return table.concat(parts), stop + 1
end

-- The place after an object or a list that nobody looks into.
local function container_end(text, at)
  local depth = 0
  while true do
    local stop = find(text, '["%[%]{}]', at)
    if stop == nil then error("an object without an end") end
    local mark = sub(text, stop, stop)
    if mark == '"' then
      at = string_end(text, stop) + 1
    else
      depth = depth + (CLOSE[mark] and 1 or -1)
      if depth == 0 then return stop + 1 end
      at = stop + 1
    end
  end
end

-- A value, and the place after it. What lies more than `levels` deep stays JSON; null is nil.
local function parse(text, at, levels)
  at = skip(text, at)
  local mark = sub(text, at, at)
  if mark == '"' then return parse_string(text, at) end
  local close = CLOSE[mark]
  if close == nil then
    local word = match(text, "^[%w.+-]+", at) or error("no value")
    if word == "true" then return true, at + 4 end
    if word == "false" then return false, at + 5 end
    if word == "null" then return nil, at + 4 end
    return tonumber(word) or error("no number"), at + #word
  end
  if levels == 0 then
    local stop = container_end(text, at)
    return sub(text, at, stop - 1), stop
  end
  local result = {}
  local place = skip(text, at + 1)
  if sub(text, place, place) == close then return result, place + 1 end
  while true do
    local key = #result + 1
    if mark == "{" then
      key, place = parse_string(text, place)
      place = skip(text, place)
      if sub(text, place, place) ~= ":" then error("no colon") end
      place = place + 1
    end
    local value
    value, place = parse(text, place, levels - 1)
    if value ~= nil then result[key] = value end
    place = skip(text, place)
    local next = sub(text, place, place)
    if next == close then return result, place + 1 end
    if next ~= "," then error("no comma") end
    place = skip(text, place + 1)
  end
end

-- The value of a text that is JSON and nothing else; nil of any other.
function RAMPART.parse(text, levels)
  local read, value, stop = pcall(parse, text, 1, levels)
  if read and skip(text, stop) > #text then return value end
  return nil
end

-- The fields of a line that is a JSON object, such as the gateway's; nil of any other.
function RAMPART.fields(line)
  if sub(line, 1, 1) ~= "{" then return nil end
  return RAMPART.parse(line, 1)
end

local JSON = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
for code = 0, 31 do
  local mark = string.char(code)
  JSON[mark] = JSON[mark] or string.format("\\u%04x", code)
end
JSON["\127"] = "\\u007f"

function RAMPART.json(text) return '"' .. string.gsub(text, '[%c"\\]', JSON) .. '"' end

-- Receivers take UTF-8 only: every byte that is none becomes the sign for it.
function RAMPART.utf8(text)
  local length, wrong = utf8.len(text)
  if length ~= nil then return text end
  local parts = {}
  local from = 1
  while wrong ~= nil do
    parts[#parts + 1] = sub(text, from, wrong - 1)
    parts[#parts + 1] = "\u{FFFD}"
    from = wrong + 1
    length, wrong = utf8.len(text, from)
    if from > #text then break end
  end
  parts[#parts + 1] = sub(text, from)
  return table.concat(parts)
end

-- Days since 1970 of a day of the Gregorian calendar.
local function days(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469
end

-- The engine's times, 2026-11-24T18:00:00.123456789Z, in seconds and in nanoseconds of the second.
function RAMPART.time(text)
  local y, mo, d, h, mi, s, fraction = match(text, "^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)%.?(%d*)Z$")
  if y == nil then return nil end
  local day = days(tonumber(y), tonumber(mo), tonumber(d))
  local seconds = day * 86400 + tonumber(h) * 3600 + tonumber(mi) * 60 + tonumber(s)
  return seconds, tonumber(sub(fraction .. "000000000", 1, 9))
end

-- What a file holds, without the line's end; empty where there is none.
function RAMPART.file(path)
  local file = io.open(path)
  if file == nil then return "" end
  local text = file:read("a")
  file:close()
  return (string.gsub(text, "%s+$", ""))
end
