'use client'

import Link from 'next/link'
import { parseAsString, useQueryState } from 'nuqs'
import { Button } from '@/components/ui/button'
import { PageHead } from '@/components/ui/page-head'
import { SetupChecklist } from './setup-checklist'
import { isFinished, useDismissed, useSetup } from './setup-data'

/** The first-run checklist on a page of its own, or in place of the overview until it is done or put away. */
export function SetupScreen({ onOverview = false }: { onOverview?: boolean }) {
  const [dismissed, setDismissed] = useDismissed()
  const [, setSimulated] = useQueryState('simulated', parseAsString)
  const { data } = useSetup()
  const finished = data !== undefined && isFinished(data)
  return (
    <>
      <PageHead
        title={onOverview ? 'Open the gate' : 'First steps'}
        description="Four steps from a fresh start to a metered call."
        actions={
          onOverview ? (
            <Button
              variant={finished ? 'primary' : 'secondary'}
              onClick={() => {
                // The first call went to the sandbox, most likely: the overview should have something to show.
                if (finished) void setSimulated('include')
                setDismissed(true)
              }}
            >
              {finished ? 'Watch it on the overview' : 'Skip to the overview'}
            </Button>
          ) : dismissed ? (
            <Button asChild onClick={() => setDismissed(false)}>
              <Link href="/">Show on the overview until done</Link>
            </Button>
          ) : (
            <Button asChild>
              <Link href="/">Overview</Link>
            </Button>
          )
        }
      />
      <SetupChecklist />
    </>
  )
}
