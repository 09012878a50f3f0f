import type { ConsumerEntity } from '../../contract/entities.ts'

export function consumerEntityOf(row: {
  id: string
  teamId: string
  name: string
  enabled: boolean
}): ConsumerEntity {
  return { type: 'consumer', id: row.id, teamId: row.teamId, name: row.name, enabled: row.enabled }
}
