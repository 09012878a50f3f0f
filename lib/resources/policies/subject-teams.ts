/** Whose business it is where one subject of a policy stands: with `each`, that of the subject's own team. */
import 'server-only'
import type pg from 'pg'

export interface Counted {
  readonly type: string
  readonly subject: string
}

/** `type subject` → the team that it belongs to; nothing for what belongs to none, or is gone. */
export async function readSubjectTeams(
  pool: pg.Pool,
  counted: readonly Counted[],
): Promise<ReadonlyMap<string, string>> {
  const teams = new Map<string, string>()
  const ids = (type: string) => [
    ...new Set(counted.filter((one) => one.type === type).map((one) => one.subject)),
  ]
  for (const id of ids('team')) teams.set(`team ${id}`, id)
  const read = async (type: string, text: string) => {
    const wanted = ids(type)
    if (wanted.length === 0) return
    const { rows } = await pool.query<{ id: string; team_id: string }>(text, [wanted])
    for (const row of rows) teams.set(`${type} ${row.id}`, row.team_id)
  }
  await read('consumer', 'SELECT id, team_id FROM consumers WHERE id = ANY($1)')
  await read(
    'key',
    'SELECT k.id, c.team_id FROM api_keys k JOIN consumers c ON c.id = k.consumer_id WHERE k.id = ANY($1)',
  )
  return teams
}

/** Whether members of these teams (null: all) see it. `teamId`: of the policy, else of the subject. */
export function isForTeams(teams: readonly string[] | null, teamId: string | null, each: boolean): boolean {
  return teams === null || (teamId === null ? !each : teams.includes(teamId))
}
