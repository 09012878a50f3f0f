import { generateClient } from './build/prisma-client.ts'
import { errorText } from './user-error.ts'

/** `npm run generate`: the Prisma client in lib/server/generated, made again when the schema has changed. */
try {
  console.log((await generateClient()) ? 'generated' : 'nothing has changed')
} catch (error) {
  console.error(errorText(error))
  process.exitCode = 1
}
