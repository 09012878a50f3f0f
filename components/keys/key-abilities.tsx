import { Check, X } from 'lucide-react'
import type { ReactNode } from 'react'

/** What a key can and can't do, in words. */
export function KeyAbilities({
  consumerName,
  teamName,
  routes,
  expires,
}: {
  consumerName: string | undefined
  teamName: string | undefined
  /** Null: all that the team may use. */
  routes: readonly string[] | null
  /** The exact time, or null. */
  expires: string | null
}) {
  return (
    <section
      aria-label="What this key can and can't do"
      className="self-start rounded-card border bg-sunken p-4 text-sm"
    >
      <h3 className="mb-2 text-sm font-semibold">What this key can and can't do</h3>
      <ul className="flex flex-col gap-1.5">
        <Line can>
          Call{' '}
          {routes === null ? (
            <>
              every route that {teamName ? <b className="font-medium">{teamName}</b> : 'its team'} may use,
              new ones too
            </>
          ) : routes.length === 0 ? (
            'no route yet: choose one'
          ) : (
            <>
              {routes.length === 1 ? 'the route ' : 'the routes '}
              <span className="font-mono text-xs">{routes.join(', ')}</span>, and no other
            </>
          )}
          .
        </Line>
        <Line can>
          Spend on the account of {teamName ? <b className="font-medium">{teamName}</b> : 'its team'}, as{' '}
          {consumerName ? <b className="font-medium">{consumerName}</b> : 'its consumer'}.
        </Line>
        <Line can>{expires ? `Work until ${expires}.` : 'Work until somebody revokes it.'}</Line>
        <Line>See or change anything in this console or its API.</Line>
        <Line>Learn the vendors' credentials: they never leave the gateway.</Line>
      </ul>
    </section>
  )
}

function Line({ can = false, children }: { can?: boolean; children: ReactNode }) {
  return (
    <li className="flex gap-2">
      {can ? (
        <Check className="mt-0.5 size-4 shrink-0 text-ok" aria-label="Can:" />
      ) : (
        <X className="mt-0.5 size-4 shrink-0 text-muted" aria-label="Can't:" />
      )}
      <span className="min-w-0">{children}</span>
    </li>
  )
}
