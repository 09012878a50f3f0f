import type { Metadata } from 'next'
import { CallsScreen } from '@/components/calls/calls-screen'

export const metadata: Metadata = { title: 'Calls' }

export default function CallsPage() {
  return <CallsScreen />
}
