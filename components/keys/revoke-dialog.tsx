'use client'

import { type ApiAnswer, ApiProblem, apiSend } from '@/components/data/api'
import { toastProblem, useSaved } from '@/components/data/save'
import { ConfirmDialog } from '@/components/ui/confirm-dialog'
import { Time } from '@/components/ui/time'
import { formatPlural } from '@/lib/format/tokens'
import type { Key } from '@/lib/resources/keys/schema'

const AT_ONCE = 6

/** Ends one or several keys. There is no way back, so it says what happens, and to whom. */
export function RevokeDialog({
  keys,
  onClose,
  onRevoked,
}: {
  /** Empty: closed. */
  keys: readonly Key[]
  onClose: () => void
  onRevoked?: () => void
}) {
  const saved = useSaved()
  const one = keys.length === 1 ? keys[0] : undefined
  const title = one ? `Revoke ${one.name}?` : `Revoke ${formatPlural(keys.length, 'key')}?`
  return (
    <ConfirmDialog
      open={keys.length > 0}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      title={title}
      confirmLabel={one ? 'Revoke key' : `Revoke ${formatPlural(keys.length, 'key')}`}
      onConfirm={async () => {
        const { last, failed } = await revokeAll(keys)
        if (last)
          saved(
            last,
            one ? `Revoked ${one.name}` : `Revoked ${formatPlural(keys.length - failed.length, 'key')}`,
          )
        if (failed.length > 0) {
          toastProblem(
            failed[0],
            failed.length === 1 ? 'A key still works' : `${failed.length} keys still work`,
          )
          throw failed[0]
        }
        onRevoked?.()
      }}
    >
      <p>
        The very next call with {one ? 'it' : 'one of them'} is refused with 401. Calls in flight finish. This
        can't be undone: the application needs a new key.
      </p>
      {one ? (
        <p>
          It belongs to <b className="font-medium text-fg">{one.consumerName}</b> of{' '}
          <b className="font-medium text-fg">{one.teamName}</b>, and was last used{' '}
          <Time value={one.lastUsedAt} empty="never" />.
        </p>
      ) : (
        <ul className="max-h-40 list-disc overflow-auto pl-4">
          {keys.map((key) => (
            <li key={key.id}>
              <span className="text-fg">{key.name}</span> of {key.consumerName}, last used{' '}
              <Time value={key.lastUsedAt} empty="never" />
            </li>
          ))}
        </ul>
      )}
    </ConfirmDialog>
  )
}

/** Each by itself, so that one that fails doesn't keep the others alive. */
async function revokeAll(keys: readonly Key[]) {
  let last: ApiAnswer<unknown> | null = null
  const failed: ApiProblem[] = []
  const rest = [...keys]
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let key = rest.pop(); key; key = rest.pop()) {
        try {
          const answer = await apiSend('POST', `/keys/${key.id}/revoke`)
          if (!last || (answer.revision ?? 0) > (last.revision ?? 0)) last = answer
        } catch (error) {
          if (!(error instanceof ApiProblem)) throw error
          failed.push(error)
        }
      }
    }),
  )
  return { last: last as ApiAnswer<unknown> | null, failed }
}
