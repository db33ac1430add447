/** What is said of an erased case, in Chinese. */
import type { Translation } from '../../base/text';
import type { erasedEn } from './en';

export const erasedZh: Translation<typeof erasedEn> = {
  'erased.title': '此退货单已被删除',
  'erased.order': '订单 {number}',
  'erased.by': '{when} 由 {name} 删除',
  'erased.by_rule': '{when} 保留期满，自动删除',
  'erased.because': '原因',
  'erased.kept_days': { other: '其规则规定案件结案后保留 {count} 天。' },
  'erased.under_way': '正在删除，任何人都无法再打开。',
  'erased.unreadable': '其密钥已于 {when} 销毁。任何人都无法再读取，备份也无法恢复。',
  'erased.taken': '已清除的内容',
  'erased.taken_none': '没有存储任何内容。',
  'erased.count.sessions': { other: '{count} 次检验' },
  'erased.count.recordings': { other: '{count} 段录像' },
  'erased.count.stills': { other: '{count} 张照片' },
  'erased.count.attachments': { other: '{count} 个附件' },
  'erased.count.labels': { other: '{count} 张面单' },
  'erased.count.packages': { other: '{count} 个证据包' },
  'erased.count.copies': { other: '{count} 份展示副本' },
  'erased.count.log_entries': { other: '{count} 条日志的内容' },
  'erased.count.mails': { other: '{count} 封邮件' },
  'erased.count.objects': { other: '存储中的 {count} 个文件' },
  'erased.media': '{size} 的音视频',
  'erased.done': '存储已于 {when} 删除最后一个文件。',
  'erased.deleting': { other: '仍有 {count} 个文件正在从存储中删除，它们已无法读取。' },
  'erased.retained': { other: '存储仍锁定 {count} 个文件。它们已无法读取，锁定结束后即被删除；我们每天都会重试。' },
  'erased.stays': '保留的内容',
  'erased.stays_words': '封存内容的指纹。它们不含任何个人信息；以前下载的证据包仍可据此核验。',
  'erased.stays_none': '没有封存过任何内容。',
  'erased.manifest': '{session} 的清单 {number}',
};
