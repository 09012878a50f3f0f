'use client'

import Link from 'next/link'
import { useEffect, useState } from 'react'
import {
  isFinished,
  rememberFinished,
  useDismissed,
  useSetup,
  wasFinished,
} from '@/components/setup/setup-data'
import { SetupScreen } from '@/components/setup/setup-screen'
import { Callout } from '@/components/ui/callout'
import { OverviewScreen, OverviewSkeleton } from './overview-screen'

/** The overview; until the first call has landed, what leads there. */
export function Home() {
  const setup = useSetup()
  const [dismissed] = useDismissed()
  const [walked, setWalked] = useState(false)
  const finished = setup.data !== undefined && isFinished(setup.data)
  useEffect(() => {
    if (finished) rememberFinished()
  }, [finished])
  // Who may not read the checklist, or can't just now, still has an overview.
  if (setup.isPending && !dismissed && !wasFinished()) return <OverviewSkeleton />
  const open = setup.data !== undefined && !finished
  // Whoever walked the steps here sees the last one tick, and the receipt, before the page becomes the overview.
  if (open && !walked) setWalked(true)
  if ((open || walked) && !dismissed) return <SetupScreen onOverview />
  return (
    <OverviewScreen
      banner={
        open ? (
          <Callout className="mb-4" title="The first steps are not done yet">
            <Link href="/setup" className="text-accent hover:underline">
              Continue with the checklist
            </Link>
          </Callout>
        ) : undefined
      }
    />
  )
}
