import type { TeamEntity } from '../../contract/entities.ts'

export function teamEntityOf(row: { id: string; name: string }): TeamEntity {
  return { type: 'team', id: row.id, name: row.name }
}
