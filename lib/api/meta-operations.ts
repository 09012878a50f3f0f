/** What the management API says about itself. Both are public: they hold nothing that this page does not. */
import { z } from 'zod'
import { openApiDocument } from './openapi.ts'
import { operation } from './operation.ts'
import { PROBLEMS } from './problem.ts'

export const metaOperations = [
  operation({
    id: 'meta.openapi',
    method: 'GET',
    path: '/openapi.json',
    summary: 'This API as OpenAPI 3.1',
    tag: 'Meta',
    permission: { scope: null, roles: [], public: true },
    response: z.record(z.string(), z.unknown()),
    run: async ({ operations }) => openApiDocument(operations),
  }),
  operation({
    id: 'meta.problems',
    method: 'GET',
    path: '/problems',
    summary: 'Every code that an error can have',
    tag: 'Meta',
    permission: { scope: null, roles: [], public: true },
    response: z.object({ data: z.array(z.object({ code: z.string(), status: z.int(), title: z.string() })) }),
    run: async () => ({
      data: Object.entries(PROBLEMS).map(([code, { status, title }]) => ({ code, status, title })),
    }),
  }),
]
