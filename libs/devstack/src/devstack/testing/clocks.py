"""Running clocks, written into sla's table: to open thousands by messages is a load of its own."""

OPEN_CLOCKS = """
INSERT INTO clock (tenant_id, clock_id, conversation_id, customer_id, metric, cycle, state,
    policy_id, policy_version, policy_name, target_seconds, started_at, due_at, in_force_at, silent,
    superseded, test, pauses, warnings, warned, version, next_fire_at, source_partition)
SELECT $1, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'first_response', 1,
       'running', gen_random_uuid(), 1, 'Standard care', 3600, now(), due_at,
       now() - interval '1 day', false, false, false, '[]', '[]', '[]', 1, due_at, n % 6
  FROM (SELECT n, now() + make_interval(secs => $3::float8 + n * $4::float8) AS due_at
          FROM generate_series(0, $2::int - 1) n) c
RETURNING conversation_id::text
"""
"""Takes the tenant, how many, the seconds until the first is due, and those between two."""
