/**
 * Questions to a gateway: a test of a connection, a simulated call. The gateway may be connected to another admin, and
 * may answer to a third: question and answer travel by notification, the question sealed, for it may carry credentials.
 */
import 'server-only'
import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { ControlMessage } from '../contract/control.ts'
import { openSecret, sealSecret } from '../server/secrets.ts'
import { ANSWER_CHANNEL, QUESTION_CHANNEL } from './channels.ts'
import { COUNTS_SQL } from './fleet.ts'
import type { Listener } from './listener.ts'
import { createAssembler, intoPieces } from './pieces.ts'
import type { Streams } from './streams.ts'

export interface Questions {
  /**
   * Asks a gateway that lives, and resolves with what it says.
   * @param message made for the id by which its answer is known
   * @throws what the database throws when it is away.
   */
  ask(
    message: (id: string) => ControlMessage,
    withinMs: number,
  ): Promise<{ readonly answer: unknown } | 'noGateway' | 'timeout'>
  /** The answer of a gateway, wherever the question came from. */
  answered(id: string, answer: unknown): Promise<void>
  close(): void
}

interface Relayed {
  readonly gatewayId: string
  readonly message: ControlMessage
}

export function createQuestions(pool: pg.Pool, listener: Listener, streams: Streams): Questions {
  const waiting = new Map<string, (answer: unknown) => void>()
  const questions = createAssembler()
  const answers = createAssembler()

  const stops = [
    listener.on(QUESTION_CHANNEL, (payload) => {
      const whole = questions(payload)
      if (!whole) return
      const { gatewayId, message } = openSecret(whole.text, whole.id) as Relayed
      streams.send(gatewayId, message)
    }),
    listener.on(ANSWER_CHANNEL, (payload) => {
      const whole = answers(payload)
      if (whole) waiting.get(whole.id)?.(JSON.parse(whole.text))
    }),
  ]

  const notify = (channel: string, id: string, text: string) =>
    pool.query('SELECT pg_notify($1, piece) FROM unnest($2::text[]) AS p(piece)', [
      channel,
      intoPieces(id, text),
    ])

  return {
    async ask(message, withinMs) {
      const id = randomUUID()
      const asked = message(id)
      let limit: NodeJS.Timeout | undefined
      const answer = new Promise<{ answer: unknown } | 'timeout'>((resolve) => {
        limit = setTimeout(() => resolve('timeout'), withinMs)
        waiting.set(id, (given) => resolve({ answer: given }))
      })
      try {
        const { rows } = await pool.query<{ id: string }>(
          `SELECT id FROM gateways WHERE ${COUNTS_SQL} AND lease_until > now() ORDER BY (state = 'ready') DESC, last_seen_at DESC`,
        )
        const here = rows.find((row) => streams.connected().includes(row.id))
        if (!here || !streams.send(here.id, asked)) {
          const other = rows[0]
          if (!other) return 'noGateway'
          const relayed: Relayed = { gatewayId: other.id, message: asked }
          await notify(QUESTION_CHANNEL, id, sealSecret(relayed, id))
        }
        return await answer
      } finally {
        clearTimeout(limit)
        waiting.delete(id)
      }
    },
    async answered(id, answer) {
      const mine = waiting.get(id)
      if (mine) return mine(answer)
      await notify(ANSWER_CHANNEL, id, JSON.stringify(answer))
    },
    close() {
      for (const stop of stops) stop()
    },
  }
}
