'use client'

import { Check } from 'lucide-react'
import Link from 'next/link'
import { useOptions } from '@/components/data/collection'
import { useCan } from '@/components/data/me'
import { Button } from '@/components/ui/button'
import type { Consumer } from '@/lib/resources/consumers/schema'
import type { Team } from '@/lib/resources/teams/schema'

/** A key needs a consumer and that a team: what is missing first is the primary one, what is there has a tick. */
export function KeyStep() {
  const can = useCan()
  const teams = useOptions<Team>('/teams', { limit: 1 }, can('teams.list'))
  const consumers = useOptions<Consumer>('/consumers', { limit: 1 }, can('consumers.list'))
  const steps = [
    { what: 'team', href: '/teams', there: (teams.data?.length ?? 0) > 0 },
    { what: 'consumer', href: '/consumers', there: (consumers.data?.length ?? 0) > 0 },
    { what: 'key', href: '/keys', there: false },
  ]
  const next = steps.findIndex((step) => !step.there)
  return (
    <>
      <p>
        A team is charged, a consumer is an application of that team, and a key is how it calls. The key is
        shown once: copy it.
      </p>
      <div className="mt-3 flex flex-wrap gap-2">
        {steps.map(({ what, href, there }, index) => (
          <Button key={what} asChild variant={index === next ? 'primary' : 'secondary'}>
            <Link href={there ? href : `${href}?create=true`}>
              {there ? <Check className="text-ok" aria-hidden /> : null}
              {there ? `The ${what} is there` : `Create a ${what}`}
            </Link>
          </Button>
        ))}
      </div>
    </>
  )
}
