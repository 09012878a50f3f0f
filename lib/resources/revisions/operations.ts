import { z } from 'zod'
import { ADMINS } from '../../api/actor.ts'
import type { ChangedEntity, PublishedEntity } from '../../api/operation.ts'
import { type Context, operation } from '../../api/operation.ts'
import { listOf, openCursor, pageQuery, sealCursor } from '../../api/pagination.ts'
import { invalidField, problem } from '../../api/problem.ts'
import { canonicalJson } from '../../contract/content-hash.ts'
import type { EntityType } from '../../contract/entities.ts'
import type { RevisionChange } from '../../publish/publish.ts'
import { changedFields, changesBetween, type RevisionRow, readRevisions } from '../../publish/revisions.ts'
import { type Prisma, Prisma as Sql } from '../../server/db.ts'
import { remove, restore } from '../restore.ts'
import { type Revision, revision, revisionDiff, rollbackInput, rollbackResult } from './schema.ts'

const tag = 'Revisions'
const reads = { scope: 'revisions:read', roles: [...ADMINS, 'finance', 'viewer'] } as const
const number = z.string().regex(/^\d{1,9}$/, 'the number of a revision')
const params = z.strictObject({ id: number })

export const revisionOperations = [
  operation({
    id: 'revisions.list',
    method: 'GET',
    path: '/revisions',
    summary: 'List revisions, newest first',
    description: '`q` finds text in the summary and in the name of who made it.',
    tag,
    permission: reads,
    query: pageQuery,
    response: listOf(revision),
    async run({ db }, { query }) {
      const { limit, cursor, ...filters } = query
      const scope = `revisions ${canonicalJson(filters)}`
      const before = cursor === undefined ? undefined : Number(openCursor(cursor, scope)[0])
      const rows = await readRevisions(db, {
        ...(before === undefined ? {} : { before }),
        q: query.q,
        limit: limit + 1,
      })
      const shown = rows.slice(0, limit)
      const last = rows.length > limit ? shown.at(-1) : undefined
      return {
        data: shown.map(render),
        nextCursor: last ? sealCursor([String(last.revision)], scope) : null,
      }
    },
  }),
  operation({
    id: 'revisions.get',
    method: 'GET',
    path: '/revisions/{id}',
    summary: 'Read a revision',
    tag,
    permission: reads,
    params,
    response: revision,
    etag: 'content',
    run: async ({ db }, input) => render(await findRevision(db, input.params.id)),
  }),
  operation({
    id: 'revisions.diff',
    method: 'GET',
    path: '/revisions/{id}/diff',
    summary: 'Show what a revision changed, or what lies between two',
    tag,
    permission: reads,
    params,
    query: z.strictObject({
      against: number.optional().describe('Default: the revision before; 0 is the empty start'),
    }),
    response: revisionDiff,
    async run({ db }, { params: { id }, query }) {
      const { revision: to } = await findRevision(db, id)
      const from = query.against === undefined ? to - 1 : Number(query.against)
      if (from > 0) await findRevision(db, String(from), 'against')
      const changes = await changesBetween(db, from, to)
      return {
        from,
        to,
        changes: changes.map((change) => ({ ...identity(change), fields: changedFields(change) })),
      }
    },
  }),
  operation({
    id: 'revisions.rollback',
    method: 'POST',
    path: '/revisions/{id}/rollback',
    summary: 'Publish the content of an earlier revision again',
    description:
      'One new revision. API keys are left as they are. A provider whose address would change needs its credentials in the call.',
    tag,
    permission: { scope: 'revisions:write', roles: ADMINS },
    params,
    body: rollbackInput,
    response: rollbackResult,
    status: 200,
    secrets: ['credentials'],
    async run(context, { params: { id }, body }) {
      // The head is locked first, here alone: nothing may be published between the reading and the writing.
      const [head] = await context.db.$queryRaw<{ revision: number }[]>`
        SELECT revision FROM config_head WHERE id = 1 FOR UPDATE`
      const { revision: target } = await findRevision(context.db, id)
      const current = head?.revision ?? 0
      const changes = (await changesBetween(context.db, current, target)).filter(
        (change) => change.type !== 'key' && !sameContent(change),
      )
      if (changes.length === 0) {
        throw problem(
          'conflict',
          `Revision ${target} has the same content as now: there is nothing to roll back.`,
        )
      }
      const result = await putBack(context, changes, body.credentials)
      context.summarize(`Rolled back to revision ${target}`)
      context.audit({
        action: 'revision.rollback',
        targetType: 'revision',
        targetId: String(target),
        targetName: `revision ${target}`,
        before: { revision: current },
        after: { changes: result.map(({ type, name, op }) => `${op} ${type} ${name}`) },
      })
      return { revision: current + 1, changes: result }
    },
  }),
]

/** References point backwards: what is restored goes in their order, what is removed after it, in the reverse one. */
async function putBack(
  context: Context,
  changes: readonly RevisionChange[],
  credentials: Record<string, Record<string, unknown>>,
): Promise<ReturnType<typeof identity>[]> {
  const affected: ReturnType<typeof identity>[] = []
  const publish = (change: ChangedEntity, op: RevisionChange['op']) => {
    context.publish(change)
    affected.push({ type: change.type, id: change.id, name: change.name, op })
  }
  for (const change of changes) if (change.after === null) await freeName(context, change)
  for (const change of changes) {
    if (change.after === null) continue
    const given = credentials[change.id]
    const options = { now: context.now, ...(given === undefined ? {} : { credentials: given }) }
    publish(await restore(context.db, change.after as unknown as PublishedEntity, options), change.op)
  }
  for (const change of changes.toReversed()) {
    if (change.after !== null) continue
    for (const gone of await remove(context.db, change.type as EntityType, change.id, change.name))
      publish(gone, 'delete')
  }
  return affected
}

/** Whether only what a roll-back leaves alone differs: a price's version never comes back, credentials stay as they are. */
function sameContent({ before, after }: RevisionChange): boolean {
  const content = (body: Record<string, unknown> | null) => {
    if (body === null) return null
    const { version: _, credentialsVersion: __, ...rest } = body
    return rest
  }
  return canonicalJson(content(before)) === canonicalJson(content(after))
}

const NAMED_TABLES: Partial<Record<string, Prisma.Sql>> = {
  team: Sql.sql`teams`,
  consumer: Sql.sql`consumers`,
  provider: Sql.sql`providers`,
  route: Sql.sql`routes`,
}

/** What is about to go may have the name of what comes back. */
async function freeName(context: Context, { type, id }: RevisionChange): Promise<void> {
  const table = NAMED_TABLES[type]
  if (table) await context.db.$executeRaw`UPDATE ${table} SET name = id WHERE id = ${id}`
}

async function findRevision(db: Context['db'], id: string, parameter?: string): Promise<RevisionRow> {
  const [row] = await readRevisions(db, { only: Number(id), limit: 1 })
  if (row) return row
  throw parameter
    ? invalidField(parameter, `there is no revision ${id}`)
    : problem('not_found', `There is no revision ${id}.`)
}

function identity({ type, id, name, op }: RevisionRow['changes'][number]) {
  return { type, id, name, op }
}

function render(row: RevisionRow): Revision {
  const createdAt = row.createdAt.toISOString()
  return { ...row, id: String(row.revision), createdAt, updatedAt: createdAt, version: 1 }
}
