import { probeDatabase } from '@/lib/api/database-watch'

export const dynamic = 'force-dynamic'

/** Alive: 200 as long as the process answers. `database` tells whether the management API can do its work. */
export async function GET(): Promise<Response> {
  const database = (await probeDatabase().catch(() => false)) ? 'up' : 'down'
  return Response.json({ status: 'ok', database }, { headers: { 'cache-control': 'no-store' } })
}
