'use client'

import { Menu } from 'lucide-react'
import { usePathname } from 'next/navigation'
import { type ReactNode, useEffect, useState } from 'react'
import { AlertsBell } from '@/components/budgets/alerts-bell'
import { ApiProblem } from '@/components/data/api'
import { MeProvider, useMeQuery } from '@/components/data/me'
import { IconButton } from '@/components/ui/button'
import { ErrorState } from '@/components/ui/states'
import { TimeZoneProvider } from '@/components/ui/time-zone'
import { CommandPalette } from './command-palette'
import { ConfigPill } from './config-pill'
import { MeMenu, ThemeMenu, TimeZoneMenu } from './header-menus'
import { locate } from './nav'
import { NavDrawer, Sidebar } from './sidebar'

/** Navigation, header and the page. What is inside may rely on `useMe`. */
export function ConsoleFrame({ children }: { children: ReactNode }) {
  const { data: me, error, refetch } = useMeQuery()
  const pathname = usePathname()
  const place = locate(pathname)
  const [navOpen, setNavOpen] = useState(false)
  const operations = me?.operations ?? null
  usePageTitle(place?.entry.label)
  const problem = error instanceof ApiProblem && error.status !== 401 ? error : null
  const frame = (
    <div className="flex min-h-dvh">
      <a
        href="#main"
        className="fixed top-2 left-2 z-50 -translate-y-16 rounded-control bg-accent px-3 py-1.5 text-sm font-medium text-accent-fg focus:translate-y-0"
      >
        Skip to content
      </a>
      <Sidebar operations={operations} />
      <div className="flex min-w-0 flex-1 flex-col">
        <header className="sticky top-0 z-20 flex h-12 shrink-0 items-center gap-2 border-b bg-background px-3 sm:px-5">
          <IconButton
            label="Navigation"
            size="sm"
            className="min-[900px]:hidden"
            aria-expanded={navOpen}
            onClick={() => setNavOpen(true)}
          >
            <Menu aria-hidden />
          </IconButton>
          {/* On a phone the title of the page stands right below, and the pill needs the room. */}
          <p className="mr-auto flex min-w-0 items-center gap-1.5 truncate text-sm max-sm:invisible">
            {place?.group ? <span className="text-muted">{place.group} /</span> : null}
            <span className="truncate font-medium">{place?.entry.label}</span>
          </p>
          {me ? (
            <>
              <CommandPalette />
              {me.operations.includes('config.status') ? <ConfigPill /> : null}
              {me.operations.includes('budgetAlerts.list') ? <AlertsBell /> : null}
              <TimeZoneMenu />
            </>
          ) : null}
          <ThemeMenu />
          {me ? <MeMenu /> : null}
        </header>
        <main
          id="main"
          tabIndex={-1}
          className="mx-auto w-full max-w-[1440px] flex-1 px-4 py-5 outline-none sm:px-6"
        >
          {me ? (
            children
          ) : problem ? (
            <ErrorState
              title="The console has no connection to its API"
              detail={problem.detail}
              requestId={problem.requestId}
              onRetry={() => void refetch()}
            />
          ) : null}
        </main>
      </div>
      <NavDrawer operations={operations} open={navOpen} onOpenChange={setNavOpen} />
    </div>
  )
  if (!me) return <TimeZoneProvider deployment="UTC">{frame}</TimeZoneProvider>
  return (
    <MeProvider me={me}>
      <TimeZoneProvider deployment={me.deployment.timeZone}>{frame}</TimeZoneProvider>
    </MeProvider>
  )
}

/** Pages that set no title of their own are called by their place. */
function usePageTitle(label: string | undefined): void {
  useEffect(() => {
    if (label && document.title === 'Gatehouse') document.title = `${label} · Gatehouse`
  }, [label])
}
