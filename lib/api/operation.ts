/**
 * One value per endpoint: route, validation, OpenAPI, permission, audit, ETag, idempotency and the permission page all
 * read it (see execute.ts). `lib/resources/registry.ts` is the one list.
 */
import type { z } from 'zod'
import type { Entity, EntityType, ProviderEntity } from '../contract/entities.ts'
import type { Transaction } from '../server/db.ts'
import type { Actor, Permission, RowScope } from './actor.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** An entity as revisions keep it: without credentials. */
export type PublishedEntity = Exclude<Entity, ProviderEntity> | Omit<ProviderEntity, 'credentials'>

/** `entity` null: it is gone. */
export interface ChangedEntity {
  readonly type: EntityType
  readonly id: string
  readonly name: string
  readonly entity: PublishedEntity | null
}

export interface AuditNote {
  /** `key.create`, `session.sign-out` */
  readonly action: string
  readonly targetType: string
  readonly targetId?: string | null
  readonly targetName?: string | null
  readonly teamId?: string | null
  /** The object before and after; the difference is kept, secrets as "changed" alone. */
  readonly before?: Readonly<Record<string, unknown>> | null
  readonly after?: Readonly<Record<string, unknown>> | null
}

export interface Context {
  readonly actor: Actor
  /** In a change: its one transaction. In a read: the client. */
  readonly db: Transaction
  readonly now: Date
  readonly requestId: string
  readonly address: string | null
  readonly request: Request
  /** Go out with the answer. */
  readonly headers: Headers
  /** Every operation there is, for what must list them. */
  readonly operations: readonly Operation[]
  /** Notes who did what; a change that notes nothing is a defect, and fails. */
  audit(note: AuditNote): void
  /** Collected, and published as one revision at the end of the transaction. The last one for an entity counts. */
  publish(change: ChangedEntity): void
  /** Of the revision that this change makes; else it is made from the audit notes. */
  summarize(summary: string): void
  /** Runs after the commit; what it throws is logged, not answered. */
  afterCommit(task: () => void | Promise<void>): void
  /** Teams that the permission opens to the actor; null: all. */
  visibleTeams(): string[] | null
  /** As visibleTeams, with developers held to what is their own. */
  rowScope(): RowScope
  /**
   * Honours If-Match against the object as the caller would read it now.
   * @throws Problem 412 with the object in `current`
   */
  match(current: { readonly version: number }): void
}

export interface OperationDefinition<
  P extends z.ZodType,
  Q extends z.ZodType,
  B extends z.ZodType,
  R extends z.ZodType,
> {
  /** `teams.create` */
  readonly id: string
  readonly method: Method
  /** Below `/api/v1`: `/teams/{id}` */
  readonly path: string
  readonly summary: string
  readonly description?: string
  readonly tag: string
  readonly permission: Permission
  /**
   * `write` runs in one transaction, with audit and idempotency. Default: GET reads, all else writes. A POST that
   * changes nothing (a test of a connection) says `read`.
   */
  readonly mode?: 'read' | 'write'
  /** Of a write: a call that asks to see what would change, and runs as a read. */
  showsOnly?(input: { readonly query: z.output<Q>; readonly body: z.output<B> }): boolean
  readonly params?: P
  /** Parameters that it does not name are a 400. */
  readonly query?: Q
  readonly body?: B
  /** Absent: 204, or a Response of its own (a stream). */
  readonly response?: R
  /** Of the answer when `run` gives a Response of its own: `text/event-stream`. */
  readonly contentType?: string
  /** Default: 201 for a POST to a collection, 200, or 204 without `response`. */
  readonly status?: number
  /** Of a read: by default its `version`; `content` for what changes without one. */
  readonly etag?: 'content'
  /** Field names, at any depth of request and answer, whose values reach no replay, audit entry or log. */
  readonly secrets?: readonly string[]
  run(
    context: Context,
    input: { readonly params: z.output<P>; readonly query: z.output<Q>; readonly body: z.output<B> },
  ): Promise<z.input<R> | Response | undefined>
}

/** An operation with its types forgotten: what registry and executor handle. */
export interface Operation
  extends Omit<OperationDefinition<z.ZodType, z.ZodType, z.ZodType, z.ZodType>, 'run' | 'showsOnly'> {
  readonly mode: 'read' | 'write'
  readonly status: number
  readonly secrets: readonly string[]
  showsOnly(input: { query: unknown; body: unknown }): boolean
  run(context: Context, input: { params: unknown; query: unknown; body: unknown }): Promise<unknown>
}

export function operation<
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
  R extends z.ZodType = z.ZodUndefined,
>(definition: OperationDefinition<P, Q, B, R>): Operation {
  const creates = definition.method === 'POST' && !definition.path.includes('{')
  return {
    ...definition,
    mode: definition.mode ?? (definition.method === 'GET' ? 'read' : 'write'),
    status: definition.status ?? (!definition.response ? 204 : creates ? 201 : 200),
    secrets: definition.secrets ?? [],
    showsOnly: (definition.showsOnly ?? (() => false)) as Operation['showsOnly'],
    run: definition.run as Operation['run'],
  }
}
