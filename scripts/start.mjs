import { launch } from './launch.mjs'

await launch(new URL('./start/main.ts', import.meta.url).href)
