/** The buyer in the queue and in the call, in Simplified Chinese. */
import type { Translation } from '../../base/text';
import { callZh } from '../../call/locales/zh-Hans';
import type { laterEn } from './later.en';

export const laterZh: Translation<typeof laterEn> = {
  ...callZh,
  'join.waiting_title': '您正在排队',
  'join.waiting_next': '下一位就是您',
  'join.waiting_position': '当前排在第 {position} 位',
  'join.waiting_wait': '大约还需 {wait}。轮到您时会自动接通，请保持页面打开。',
  'join.waiting_unknown': '一有人空闲就会自动接通，请保持页面打开。',
  'join.waiting_nobody': '目前没有人在线。请保持页面打开，或稍后用同一链接再来。',
  'join.held_title': '验货员已就位',
  'join.held_text': '请稍候，正在为您接通。',
  'join.waiting_write': '可以先写点什么',
  'join.leave_queue': '离开',
  'join.connecting_to': '正在为您接通 {name}…',
  'join.call_with': '与 {name} 通话',
  'join.picture_of': '{name} 的画面',
  'join.finding_from': '{name} 的记录：',
  'join.finding_question': '您同意吗？',
  'join.agree': '同意',
  'join.disagree': '不同意',
  'join.add_note': '补充说明',
  'join.note_label': '您的补充',
  'join.hang_up_title': '结束通话？',
  'join.hang_up_text': '只要验货员还在，您可以用同一链接回来。',
  'join.hang_up_yes': '结束通话',
  'join.hang_up_no': '继续',
  'join.host_left_title': '验货员暂时离开了',
  'join.host_left_text': '您的排队位置会保留。',
};
