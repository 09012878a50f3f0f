import 'server-only'
import { alertWatch } from '../resources/budgets/alert-watch.ts'
import { repricingWorker } from '../resources/repricings/worker.ts'
import { pool } from '../server/db.ts'
import { singleton } from '../server/singleton.ts'
import { startHousekeeping } from '../usage/housekeeping.ts'
import { publishingRuntime } from './runtime.ts'

/**
 * Starts what an admin does on its own: it listens for notifications, looks at the head each second and after the alerts
 * of budgets, goes on with repricings, and keeps house.
 * Call it once the process serves; again, it does nothing. It doesn't fail when the database is away: all of it
 * goes on when the database answers.
 */
export function startPublishing(): Promise<void> {
  return singleton('publishing-started', async () => {
    publishingRuntime()
    alertWatch()
    repricingWorker()
    await startHousekeeping(pool)
  })
}
