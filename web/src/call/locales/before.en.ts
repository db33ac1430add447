/** Words before a call, that every page with a call has, in English. */
export const beforeEn = {
  'call.what_we_keep': 'What is recorded',
  'call.consent_title': 'What you agree to',
  'call.net_blocked_title': 'This network blocks live video',
  'call.net_blocked_text': 'Switch to mobile data or another Wi-Fi. If you use a VPN, turn it off. You can start anyway and write.',
  'call.net_slow_title': 'Your connection is slow here',
  'call.net_slow_text': 'Move closer to the Wi-Fi or to a window, or switch between Wi-Fi and mobile data. You can start anyway.',
} as const;
