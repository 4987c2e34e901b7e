-- The health of a ModelDeployment for Argo CD, from what kstatus reads too: observedGeneration first, since
-- conditions of an older generation say nothing of this one, then Stalled, Reconciling and Ready.
local status = obj.status or {}

local function health(state, message)
  return { status = state, message = message or "" }
end

if status.observedGeneration == nil or status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "the operator has not looked at it yet")
end

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local function holds(kind)
  return conditions[kind] ~= nil and conditions[kind].status == "True"
end

-- A change was given up or is in the way, also where the revision before it still serves.
if holds("Stalled") then
  return health("Degraded", conditions.Stalled.message)
end

if holds("Reconciling") then
  local reason = conditions.Reconciling.reason
  -- It goes on when a person says so.
  if holds("Ready") and (reason == "AwaitingApproval" or reason == "Paused") then
    return health("Suspended", conditions.Reconciling.message)
  end
  return health("Progressing", conditions.Reconciling.message)
end

if holds("Ready") then
  return health("Healthy", conditions.Ready.message)
end

return health("Progressing", conditions.Ready and conditions.Ready.message or "it has no conditions yet")
