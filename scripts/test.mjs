import { launch } from './launch.mjs'

await launch(new URL('./test/main.ts', import.meta.url).href)
