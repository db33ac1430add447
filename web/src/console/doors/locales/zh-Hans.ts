/** What the links from mails say, in another language. */
import { baseZh } from '../../../base/locales/zh-Hans';
import type { Translation } from '../../../base/text';
import type { doorEn } from './en';

export const doorZh: Translation<typeof doorEn> = {
  ...baseZh,
  'door.invited': '欢迎加入 {organisation}',
  'door.invited_hint': '请设置您的登录方式。您的邮箱是 {email}。',
  'door.name': '您的姓名',
  'door.password': '新密码',
  'door.password_hint': '至少 10 个字符。四个连在一起的词容易记、难猜。',
  'door.weak': '这个密码太容易猜到。请至少使用 10 个字符，不要用姓名或连续按键。',
  'door.taken': '已有人使用此邮箱登录。请直接登录，或申请新密码。',
  'door.accept': '加入',
  'door.ready': '现在可以登录了',
  'door.ready_hint': '使用 {email} 和刚才设置的密码登录。',
  'door.to_console': '前往登录',
  'door.over': '此链接已失效',
  'door.over_hint': '它已被使用、被撤回或已过期。请索取新的链接。',
  'door.forgot': '设置新密码',
  'door.forgot_hint': '请输入您的登录邮箱。我们会发送一个 30 分钟内有效的链接。',
  'door.send': '发送链接',
  'door.sent': '请查看您的邮箱',
  'door.sent_hint': '如果有人使用此邮箱登录，链接已在路上。如果没有收到，请向管理员索取链接。',
  'door.reset': '选择新密码',
  'door.reset_hint': '您在所有设备上的登录都会退出。',
  'door.save': '保存密码',
  'door.changed': '密码已更改',
  'door.changed_hint': '请使用新密码登录。',
};
