import { main } from './main.ts'

await main(process.argv[2] ?? 'all', Number(process.argv[3] ?? 0))
