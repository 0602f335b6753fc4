-- The steps of the outbox in Redis, each of them atomic. ARGV[1] names the step; its own arguments
-- follow, and so do its own keys after those that all steps share.
--
-- An event is a record (guest, type, time and content, parted by NUL) under its number. A guest
-- with waiting events either has a turn (an entry of the stream, held by the one consumer that
-- read it) or is due later; so two events of a guest are never on their way at once.

local counter, bytes, records, waiting, queues, turns, turn_of, later, attempts, reasons, dead, graves =
  unpack(KEYS)
local SHARED = 12

local GROUP = 'delivery'
local OVERHEAD = 500 -- bytes that an event takes in Redis beside its record
local DROPPED_MAX, HELD_MAX = 500, 1000

-- Where the numbers of all guests are in one index, each guest's stand together, in their order.
local function member(guest, number)
  return guest .. '\0' .. string.format('%016d', number)
end

local function numbers_in(index, guest, count)
  local members = redis.call(
    'ZRANGEBYLEX', index, '[' .. guest .. '\0', '(' .. guest .. '\1', 'LIMIT', 0, count)
  for place, member in ipairs(members) do
    members[place] = tonumber(string.sub(member, -16))
  end
  return members
end

-- Lets a guest have a turn, unless there is one already, or a later one, or nothing to send.
local function queue_up(guest)
  local has_one = redis.call('HEXISTS', turn_of, guest) == 1 or redis.call('ZSCORE', later, guest)
  if not has_one and numbers_in(queues, guest, 1)[1] then
    redis.call('HSET', turn_of, guest, redis.call('XADD', turns, '*', 'guest', guest))
  end
end

local function end_turn(guest)
  local turn = redis.call('HGET', turn_of, guest)
  if turn then
    redis.call('XACK', turns, GROUP, turn)
    redis.call('XDEL', turns, turn)
    redis.call('HDEL', turn_of, guest)
  end
end

local function holds_turn(consumer, guest)
  local turn = redis.call('HGET', turn_of, guest)
  local held = turn and redis.call('XPENDING', turns, GROUP, turn, turn, 1)[1]
  return held and held[2] == consumer
end

local function guest_of(number)
  return string.match(redis.call('HGET', records, number), '^%Z*')
end

local function enqueue(guest, number)
  redis.call('ZADD', waiting, number, number)
  redis.call('ZADD', queues, 0, member(guest, number))
end

local function dequeue(guest, number)
  redis.call('ZREM', waiting, number)
  redis.call('ZREM', queues, member(guest, number))
end

local function erase(number)
  redis.call('DECRBY', bytes, redis.call('HSTRLEN', records, number) + OVERHEAD)
  redis.call('HDEL', records, number)
  redis.call('HDEL', attempts, number)
  redis.call('HDEL', reasons, number)
end

local function bury(guest, number, now, reason)
  redis.call('ZADD', dead, now, number)
  redis.call('ZADD', graves, 0, member(guest, number))
  redis.call('HSET', reasons, number, reason)
end

local function exhume(guest, number)
  redis.call('ZREM', dead, number)
  redis.call('ZREM', graves, member(guest, number))
end

local function drop_dead(numbers)
  for _, number in ipairs(numbers) do
    exhume(guest_of(number), number)
    erase(number)
  end
end

-- Says whether there is room; where there is none, the oldest dead events make some.
local function has_room(size, room)
  local left = room - size
  if tonumber(redis.call('GET', bytes) or 0) > left then
    drop_dead(redis.call('ZRANGE', dead, 0, DROPPED_MAX - 1))
  end
  return tonumber(redis.call('GET', bytes) or 0) <= left
end

-- Marks an event as accepted; says whether it was news. An identity is, where it changes.
local function mark(key, browsers, guest, identifier, now, remember_ms)
  if identifier == '' then
    return redis.call('SET', key, '', 'NX', 'PX', remember_ms)
  end
  if redis.call('GET', key) == identifier then
    return false
  end
  redis.call('SET', key, identifier, 'PX', remember_ms)
  redis.call('ZADD', browsers, now, guest)
  redis.call('PEXPIRE', browsers, remember_ms)
  return true
end

local function append(guest, record)
  local number = redis.call('INCR', counter)
  redis.call('HSET', records, number, record)
  redis.call('INCRBY', bytes, #record + OVERHEAD)
  enqueue(guest, number)
  queue_up(guest)
end

local steps = {}

local function leave(consumer)
  redis.call('XGROUP', 'DELCONSUMER', turns, GROUP, consumer)
end

-- Makes the group that shares out the turns, and forgets consumers that are gone for good.
function steps.join(gone_ms)
  redis.pcall('XGROUP', 'CREATE', turns, GROUP, '0', 'MKSTREAM')
  for _, about in ipairs(redis.call('XINFO', 'CONSUMERS', turns, GROUP)) do
    local name, held, idle_ms = about[2], about[4], about[6]
    if held == 0 and idle_ms > tonumber(gone_ms) then leave(name) end
  end
end

-- Keeps what is new of some events, all or nothing; -1 where there is no room. Keys: for each
-- event its mark and its identifier's browsers.
function steps.accept(room, now, remember_ms, dead_before, ...)
  local events, size, news = {...}, 0, 0
  drop_dead(redis.call('ZRANGEBYSCORE', dead, '-inf', '(' .. dead_before, 'LIMIT', 0, DROPPED_MAX))
  for at = 3, #events, 3 do
    size = size + #events[at] + OVERHEAD
  end
  if not has_room(size, room) then
    return -1
  end
  for at = 1, #events, 3 do
    local guest, identifier, record = events[at], events[at + 1], events[at + 2]
    local key = SHARED + 1 + (at - 1) / 3 * 2
    if mark(KEYS[key], KEYS[key + 1], guest, identifier, now, remember_ms) then
      append(guest, record)
      news = news + 1
    end
  end
  if news == 0 then
    redis.call('INCRBY', bytes, 0) -- a write, for WAIT to be about what was kept before
  end
  return news
end

local function turn_due_guests(now, never)
  for _, range in ipairs({{'-inf', now}, {'(' .. never, '+inf'}}) do
    local due = redis.call('ZRANGEBYSCORE', later, range[1], range[2], 'LIMIT', 0, HELD_MAX)
    for _, guest in ipairs(due) do
      redis.call('ZREM', later, guest)
      queue_up(guest)
    end
  end
end

local function read_turns(consumer, count, from)
  local read = redis.call(
    'XREADGROUP', 'GROUP', GROUP, consumer, 'COUNT', count, 'STREAMS', turns, from)
  return read and read[1][2] or {}
end

-- Takes turns, first those held already (perhaps of a consumer that died) but of no busy guest:
-- number, record and attempts of the first event of each guest.
function steps.take(consumer, limit, idle_ms, now, never, ...)
  local is_busy, taken = {}, {}
  for _, guest in ipairs({...}) do
    is_busy[guest] = true
  end
  local function take(entries)
    for _, entry in ipairs(entries) do
      local guest = entry[2][2]
      if #taken < tonumber(limit) and not is_busy[guest] then
        local number = numbers_in(queues, guest, 1)[1]
        local record = redis.call('HGET', records, number)
        table.insert(taken, {number, record, redis.call('HGET', attempts, number) or 0})
      end
    end
  end
  turn_due_guests(now, never)
  redis.call('XAUTOCLAIM', turns, GROUP, consumer, idle_ms, '0', 'COUNT', 100, 'JUSTID')
  take(read_turns(consumer, HELD_MAX, '0'))
  repeat
    local room = limit - #taken
    local fresh = room > 0 and read_turns(consumer, room, '>') or {}
    take(fresh)
  until #fresh == 0
  return taken
end

local outcomes = {}

function outcomes.done(guest, number)
  dequeue(guest, number)
  erase(number)
end

function outcomes.dead(guest, number, now, reason)
  dequeue(guest, number)
  bury(guest, number, now, reason)
end

function outcomes.retry(guest, number, due, reason)
  redis.call('HINCRBY', attempts, number, 1)
  redis.call('HSET', reasons, number, reason)
  redis.call('ZADD', later, due, guest)
end

-- Writes down what became of an event and ends its guest's turn, if *consumer* still has that.
function steps.settle(consumer, guest, number, outcome, at, reason)
  local is_waiting = redis.call('ZSCORE', queues, member(guest, number))
  if is_waiting and holds_turn(consumer, guest) then
    end_turn(guest)
    outcomes[outcome](guest, number, at, reason)
    queue_up(guest)
  end
end

-- Deletes all that is known of a guest. Keys: its identity and the identifier's browsers.
function steps.forget(guest)
  end_turn(guest)
  redis.call('ZREM', later, guest)
  for _, number in ipairs(numbers_in(queues, guest, -1)) do
    dequeue(guest, number)
    erase(number)
  end
  for _, number in ipairs(numbers_in(graves, guest, -1)) do
    exhume(guest, number)
    erase(number)
  end
  redis.call('DEL', KEYS[SHARED + 1])
  redis.call('ZREM', KEYS[SHARED + 2], guest)
end

-- Lets dead events wait again; says how many.
function steps.revive(...)
  local revived = 0
  for _, number in ipairs({...}) do
    if redis.call('ZSCORE', dead, number) then
      local guest = guest_of(number)
      exhume(guest, number)
      redis.call('HDEL', attempts, number)
      redis.call('HDEL', reasons, number)
      enqueue(guest, number)
      queue_up(guest)
      revived = revived + 1
    end
  end
  return revived
end

function steps.list(which, limit)
  local numbers = redis.call('ZRANGE', which == 'dead' and dead or waiting, 0, limit - 1)
  for place, number in ipairs(numbers) do
    numbers[place] = {
      tonumber(number),
      redis.call('HGET', records, number),
      redis.call('HGET', attempts, number) or 0,
      redis.call('HGET', reasons, number),
    }
  end
  return numbers
end

function steps.depth()
  local oldest = redis.call('ZRANGE', waiting, 0, 0)[1]
  local record = oldest and redis.call('HGET', records, oldest) or false
  return {redis.call('ZCARD', waiting), redis.call('ZCARD', dead), record}
end

-- Gives the turns that *consumer* holds to the others.
function steps.leave(consumer)
  for _, entry in ipairs(read_turns(consumer, HELD_MAX, '0')) do
    local guest = entry[2][2]
    end_turn(guest)
    queue_up(guest)
  end
  leave(consumer)
end

return steps[ARGV[1]](unpack(ARGV, 2))
