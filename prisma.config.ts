import { defineConfig } from 'prisma/config'

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // Only `prisma migrate` and `prisma studio` read it; Gatehouse connects through lib/server/db.ts.
  datasource: { url: process.env.DATABASE_URL ?? '' },
  experimental: { externalTables: true },
  // Made by hand-written SQL in the migrations: partitioned by day, or written by raw SQL alone.
  tables: {
    external: [
      'public.calls',
      'public.call_facets',
      'public.ledger_lines',
      'public.rollup_days',
      'public.rollup_hours',
      'public.rollup_marks',
      'public.rollup_minutes',
      'public.rollup_quarters',
      'public.rollup_shifted_hours',
      'public.rollup_spent',
      'public.rollup_spent_days',
      'public.rollup_target_days',
      'public.rollup_target_minutes',
      'public.rollup_target_quarters',
    ],
  },
})
