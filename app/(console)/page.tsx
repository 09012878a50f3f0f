import type { Metadata } from 'next'
import { Home } from '@/components/overview/home'

export const metadata: Metadata = { title: 'Overview' }

export default function OverviewPage() {
  return <Home />
}
