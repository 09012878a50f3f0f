import type { KeyEntity } from '../../contract/entities.ts'

export function keyEntityOf(row: {
  id: string
  consumerId: string
  userId: string | null
  hash: string
  previousHash: string | null
  previousUntil: Date | null
  expiresAt: Date | null
  limitsRoutes: boolean
  allowedRoutes: string[]
  limitsToolsets: boolean
  allowedToolsets: string[]
}): KeyEntity {
  return {
    type: 'key',
    id: row.id,
    consumerId: row.consumerId,
    userId: row.userId,
    hash: row.hash,
    previousHash: row.previousHash,
    previousUntil: row.previousUntil?.getTime() ?? null,
    expiresAt: row.expiresAt?.getTime() ?? null,
    allowedRoutes: row.limitsRoutes ? row.allowedRoutes : null,
    allowedToolsets: row.limitsToolsets ? row.allowedToolsets : null,
  }
}
