import { buildImages } from './build/image.ts'
import { BUILD_STEPS, type BuildPart, withBuildLock } from './build/product.ts'
import { errorText } from './user-error.ts'

/**
 * `npm run build`: all that is stale; `npm run build -- gateway` (or client, console): that alone;
 * `npm run build -- image`: what the container images hold, in dist/image.
 */
const asked = process.argv.slice(2)
const parts = (Object.keys(BUILD_STEPS) as BuildPart[]).filter(
  (part) => asked.length === 0 || asked.includes(part),
)
try {
  await withBuildLock(async () => {
    for (const part of parts) console.log(`${part}: ${(await BUILD_STEPS[part]()) ? 'built' : 'up to date'}`)
    if (asked.includes('image')) await buildImages()
  })
} catch (error) {
  console.error(errorText(error))
  process.exitCode = 1
}
