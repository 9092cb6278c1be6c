-- Starts the stack's scheduled jobs, ends those that take too long, and tells how they ended. Each job has a container
-- that is created and does not run; only the requests that the frontend `engine` of this HAProxy names reach the engine.
local ENGINE = "http://127.0.0.1:2375"
local STATE = "/var/lib/rampart-jobs/"
-- Seconds between two looks at a job that is not known to run: somebody may have started it by hand.
local IDLE_SECONDS = 10
-- Seconds without a look, beyond what a stop may take, after which the scheduler is not well.
local STUCK_SECONDS = 60
-- Due times that are counted of a time in which nothing was started.
local MOST_MISSED = 1000
local NEVER = "0001-01-01T00:00:00Z"

local JOBS = RAMPART_JOBS
local engine_up = true

local function say(job, text) core.log(core.notice, "job " .. job.name .. ": " .. text .. "\n") end

local function request(method, path, timeout)
  local client = core.httpclient()
  local call = method == "GET" and client.get or client.post
  local answer = call(client, { url = ENGINE .. path, timeout = timeout * 1000 })
  local status = answer and answer.status or 0
  -- HAProxy's own words for an engine that does not answer.
  engine_up = status ~= 0 and (status < 502 or status > 504)
  if not engine_up then return nil end
  return status, answer.body or ""
end

local function path(job, rest) return "/containers/" .. job.id .. "/" .. rest end

local function inspect(job)
  local status, body = request("GET", path(job, "json"), 10)
  if status ~= 200 then return nil end
  local found = RAMPART.parse(body, 2)
  if type(found) ~= "table" or type(found.State) ~= "table" then return nil end
  return found
end

-- The calendar: days since 1970, the month and the day of a day.
local function month_and_day(days)
  local z = days + 719468
  local of_era = z % 146097
  local year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
  local of_year = of_era - (365 * year + year // 4 - year // 100)
  local shifted = (5 * of_year + 2) // 153
  local day = of_year - (153 * shifted + 2) // 5 + 1
  return shifted < 10 and shifted + 3 or shifted - 9, day
end

local function on_day(job, days)
  local month, day = month_and_day(days)
  if not job.months[month] then return false end
  local of_month, of_week = job.days_of_month[day], job.days_of_week[(days + 4) % 7]
  if job.either_day then return of_month or of_week end
  return of_month and of_week
end

-- The first due time after a time, in seconds. hardening/jobs/cron.ts has seen that there is one.
local function next_due(job, after)
  local today = after // 86400
  for days = today, today + 8 * 366 do
    if on_day(job, days) then
      for _, minute in ipairs(job.minutes_of_day) do
        local time = days * 86400 + minute * 60
        if time > after then return time end
      end
    end
  end
  return math.huge
end

-- What outlives this container, a file a job: lines of `key=value`.
local KEPT = { "container", "recorded", "ending", "why", "outcome" }
local NUMBERS = { ended = true, exit = true, seen = true, skipped = true, started = true, success = true, unmet = true }

local function load(job)
  local kept = {}
  for line in string.gmatch(RAMPART.file(STATE .. job.name), "[^\n]+") do
    local key, value = string.match(line, "^(%l+)=(.*)$")
    if key ~= nil then kept[key] = NUMBERS[key] and tonumber(value) or value end
  end
  return kept
end

local function keep(job)
  local lines = {}
  for _, key in ipairs(KEPT) do
    if job.kept[key] ~= nil then lines[#lines + 1] = key .. "=" .. job.kept[key] end
  end
  for key in pairs(NUMBERS) do
    if job.kept[key] ~= nil then lines[#lines + 1] = string.format("%s=%d", key, job.kept[key]) end
  end
  local name = STATE .. job.name
  local file, fault = io.open(name .. ".new", "w")
  if file == nil then return say(job, "its state cannot be kept: " .. fault) end
  file:write(table.concat(lines, "\n"), "\n")
  file:close()
  os.rename(name .. ".new", name)
end

-- A container that replaced another one begins with its own creation: times before that are not made up for.
local function begin(job, found)
  local kept = load(job)
  if kept.container ~= job.id then
    kept.container = job.id
    kept.seen = math.max(kept.seen or 0, RAMPART.time(found.Created) or os.time())
    kept.recorded, kept.ending, kept.why = nil, nil, nil
  end
  kept.seen = kept.seen or os.time()
  job.kept = kept
  job.next = next_due(job, kept.seen)
end

local function record(job, run)
  local kept = job.kept
  kept.started, kept.ended, kept.exit, kept.outcome = run.started, run.ended, run.exit, run.outcome
  if run.outcome == "succeeded" then
    kept.success = run.ended
    kept.unmet = 0
  end
  say(job, run.outcome .. ", exit code " .. run.exit .. ", after " .. math.max(0, run.ended - run.started) .. " s" .. (run.note or ""))
  keep(job)
end

-- A run that has ended since the last look, whoever started it.
local function observe(job, state)
  local kept = job.kept
  if state.Running or state.StartedAt == NEVER or state.StartedAt == kept.recorded then return end
  local outcome = state.ExitCode == 0 and "succeeded" or "failed"
  if kept.ending == state.StartedAt then outcome = kept.why end
  kept.recorded, kept.ending, kept.why = state.StartedAt, nil, nil
  local started = RAMPART.time(state.StartedAt) or os.time()
  record(job, {
    started = started,
    ended = RAMPART.time(state.FinishedAt) or started,
    exit = math.tointeger(state.ExitCode) or -1,
    outcome = outcome,
    note = state.OOMKilled and " (it needed more memory than its limit)" or nil,
  })
end

-- Ends a run. It is noted before, as its exit code does not tell why.
local function stop(job, state, why)
  if job.kept.ending ~= state.StartedAt then
    job.kept.ending, job.kept.why = state.StartedAt, why
    keep(job)
  end
  request("POST", path(job, "stop?t=" .. job.grace), job.grace + 30)
end

local function message(body)
  local found = RAMPART.parse(body, 1)
  return type(found) == "table" and tostring(found.message) or "no reason given"
end

-- True once the engine has decided; false where it did not answer, so that the start is tried again.
local function start(job)
  local status, body = request("POST", path(job, "start"), 60)
  if status == nil then return false end
  job.look_at = 0
  if status < 400 then
    say(job, "started")
    return true
  end
  local now = os.time()
  record(job, { started = now, ended = now, exit = 127, outcome = "failed", note = ": it could not be started: " .. message(body) })
  return true
end

-- Due times up to now; several that were missed are one.
local function take_due(job, now)
  local count, last = 0, job.kept.seen
  while job.next <= now and count < MOST_MISSED do
    count, last = count + 1, job.next
    job.next = next_due(job, last)
  end
  if count == MOST_MISSED then
    last = now
    job.next = next_due(job, now)
  end
  job.kept.seen = last
  job.kept.unmet = (job.kept.unmet or 0) + count
  job.pending = true
  keep(job)
end

local function tick(job)
  local now = os.time()
  if job.kept ~= nil and not job.running and not job.pending and now < job.next and now < job.look_at then return end
  local found = inspect(job)
  if found == nil then return end
  local state = found.State
  if job.kept == nil then begin(job, found) end
  observe(job, state)
  job.running = state.Running == true
  job.look_at = now + IDLE_SECONDS
  job.since = RAMPART.time(state.StartedAt)
  if job.running and job.since ~= nil and now - job.since >= job.deadline then
    say(job, "has not ended within " .. job.deadline .. " s, and is stopped")
    return stop(job, state, "deadline")
  end
  if job.next <= now then take_due(job, now) end
  if not job.pending then return end
  if job.running and job.overlap == "forbid" then
    job.pending = false
    job.kept.skipped = (job.kept.skipped or 0) + 1
    say(job, "is due, and skipped: the run before has not ended")
    return keep(job)
  end
  if job.running then
    say(job, "is due: the run before is stopped")
    return stop(job, state, "replaced")
  end
  job.pending = not start(job)
end

for _, job in ipairs(JOBS) do
  job.look_at = 0
  job.checked = os.time()
  core.register_task(function()
    while true do
      local well, fault = pcall(tick, job)
      if well then job.checked = os.time() else say(job, "the scheduler failed: " .. tostring(fault)) end
      core.msleep(1000)
    end
  end)
end

local function answer(applet, status, kind, body)
  applet:set_status(status)
  applet:add_header("content-type", kind)
  applet:add_header("content-length", tostring(#body))
  applet:start_response()
  applet:send(body)
end

core.register_service("ping", "http", function(applet)
  local now = os.time()
  for _, job in ipairs(JOBS) do
    if now - job.checked > job.grace + STUCK_SECONDS then return answer(applet, 503, "text/plain", job.name .. "\n") end
  end
  answer(applet, 200, "text/plain", "well\n")
end)

local function flag(value) return value and 1 or 0 end

local FAILED = { failed = true, deadline = true }

local METRICS = {
  { "rampart_job_running", "gauge", "Whether the job runs.", function(job) return flag(job.running) end },
  { "rampart_job_failed", "gauge", "Whether the last run failed.", function(_, kept) return flag(FAILED[kept.outcome]) end },
  { "rampart_job_last_exit_code", "gauge", "Exit code of the last run.", function(_, kept) return kept.exit end },
  { "rampart_job_last_start_seconds", "gauge", "When the last run began.", function(_, kept) return kept.started end },
  { "rampart_job_last_duration_seconds", "gauge", "How long the last run took.", function(_, kept)
    return kept.started and kept.ended - kept.started
  end },
  { "rampart_job_last_success_seconds", "gauge", "When a run last succeeded.", function(_, kept) return kept.success end },
  { "rampart_job_due_without_success", "gauge", "Due times since a run last succeeded.", function(_, kept) return kept.unmet or 0 end },
  { "rampart_job_skipped_total", "counter", "Due times at which the run before had not ended.", function(_, kept) return kept.skipped or 0 end },
  { "rampart_job_next_seconds", "gauge", "When the job is due next.", function(job) return job.next end },
}

core.register_service("metrics", "http", function(applet)
  local lines = {
    "# HELP rampart_jobs_engine_up Whether the engine answers what starts the jobs.",
    "# TYPE rampart_jobs_engine_up gauge",
    "rampart_jobs_engine_up " .. flag(engine_up),
  }
  for _, metric in ipairs(METRICS) do
    lines[#lines + 1] = "# HELP " .. metric[1] .. " " .. metric[3]
    lines[#lines + 1] = "# TYPE " .. metric[1] .. " " .. metric[2]
    for _, job in ipairs(JOBS) do
      local value = job.kept and metric[4](job, job.kept)
      if value then lines[#lines + 1] = string.format('%s{container="%s"} %.0f', metric[1], job.name, value) end
    end
  end
  answer(applet, 200, "text/plain; version=0.0.4; charset=utf-8", table.concat(lines, "\n") .. "\n")
end)

-- A line of JSON for each job: what `rampart status` shows. Times are seconds.
core.register_service("jobs", "http", function(applet)
  local lines = {}
  for _, job in ipairs(JOBS) do
    local kept = job.kept or {}
    local fields = { '"name":' .. RAMPART.json(job.name), '"running":' .. tostring(job.running == true) }
    local function add(key, value)
      if value ~= nil then fields[#fields + 1] = string.format('"%s":%.0f', key, value) end
    end
    add("since", job.running and job.since or nil)
    add("started", kept.started)
    add("ended", kept.ended)
    add("exitCode", kept.exit)
    if kept.outcome then fields[#fields + 1] = '"outcome":' .. RAMPART.json(kept.outcome) end
    add("succeeded", kept.success)
    add("dueWithoutSuccess", kept.unmet or 0)
    add("skipped", kept.skipped or 0)
    add("next", job.next)
    lines[#lines + 1] = "{" .. table.concat(fields, ",") .. "}"
  end
  answer(applet, 200, "application/x-ndjson", table.concat(lines, "\n") .. "\n")
end)
