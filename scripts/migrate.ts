import { migrate } from './migration/apply.ts'
import { errorText } from './user-error.ts'

/** `npm run migrate`: brings the database of DATABASE_URL to the newest migration. */
const url = process.env.DATABASE_URL
try {
  if (!url) throw new Error('Set DATABASE_URL to the database that is to be migrated.')
  const applied = await migrate(url, { onApply: (name) => console.log(`applying ${name}`) })
  console.log(applied.length === 0 ? 'nothing to migrate' : `${applied.length} applied`)
} catch (error) {
  console.error(errorText(error))
  process.exitCode = 1
}
