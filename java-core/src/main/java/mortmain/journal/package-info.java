/**
 * The journal: opaque records, in frames, in segments, durable in order. One frame is one force.
 *
 * <h2>The directory</h2>
 * <pre>
 * LOCK  LOCK.info        {@link mortmain.journal.DirectoryLock}
 * FORMAT                 one line, "mortmain 2"; a greater number is refused, 1 becomes 2 at open
 * index/state            the engine's start-up aid; derived, may be deleted
 * MANIFEST               text: "mortmain manifest 1", per live segment "segment NAME SIZE", last "crc32c HEX" over the lines before it
 * journal/00000001.seg   segments; what MANIFEST does not list is removed at the next successful open
 * lost/                  what recovery or repair cut off, one folder each; never read, never deleted
 * </pre>
 *
 * <h2>Segment</h2> All integers big-endian. A file of fixed size, filled with zeros for real before it is used.
 * <pre>
 *   0   8  magic "MORTSEG1"
 *   8   4  segment number, as in the name
 *  12   4  flags: bit 0: rewritten by compaction
 *  16   8  salt, random
 *  24   8  size of the file
 *  32   4  last CRC of the previous segment, as written (0 for the first one)
 *  36   4  rewritten: last CRC of what was rewritten, which is what the successor names; else 0
 *  40   8  last revision before this segment
 *  48   8  rewritten: the last revision that it was written for, which is what the successor names
 *  56   8  rewritten: where its last frame ends
 *  64   4  rewritten: CRC of its last frame
 *  68   4  zero
 *  72   8  rewritten: the revision that was durable when it was decided what to drop; a journal that ends before it lost its end
 *  80 428  zero
 * 508   4  CRC32C of bytes 0..507
 * 512   …  frames, one after the other, then zeros to the end of the file
 * </pre>
 *
 * <h2>Frame</h2> Starts at a multiple of 64, so its header lies in one sector; its length is a multiple of 64.
 * <pre>
 *   0   4  magic "MFRM"
 *   4   1  kind: 1 records, 2 mark (no body), 3 footer of a sealed segment, 4 holes of a rewritten one
 *   5   3  zero
 *   8   4  length L of the body in bytes
 *  12   4  number of records
 *  16   8  first revision  \ of its records; of a mark or a footer, both are the last revision before it
 *  24   8  last revision   /
 *  32   4  CRC of the previous frame (of the first frame of a segment: what the segment header names)
 *  36   4  CRC32C of seed and bytes 0..35
 *  40   4  CRC32C of seed, bytes 0..39 and bytes 44 to the trailer: "the frame's CRC"
 *  44   L  body: per record 4 bytes length, 8 bytes revision, the bytes
 *       …  zeros up to a multiple of 64, less 8
 *       4  trailer: how many of the 512-byte sectors that the frame covers are all zero, as written
 *       4  trailer: "MEND"
 * seed: salt (8), segment number (4), offset of the frame in the file (8)
 * </pre>
 * The seed makes a frame inside a value invalid wherever else it lies. The header's own CRC lets its length be trusted when the rest is
 * invalid: a flipped bit in the length must not make the trailer be looked for among the zeros. The count of zero sectors tells a sector
 * that was never written from one that was written as zeros: without it a damaged frame that holds a page of zeros would pass as torn.
 *
 * <h2>Torn or damaged</h2>
 * Frame k+1 is written when frame k is forced, so only the last frame can be incomplete. A last frame is <em>torn</em>, and was never
 * acknowledged, if the last byte of its trailer is zero, or more of its sectors are zero than the trailer says, or its head is zero and
 * no valid frame follows, or nothing follows its header. It is copied to lost/, zeroed and forced. Everything else that is invalid, and
 * everything that is invalid and has a valid frame after it, is <em>damage</em>: {@link mortmain.journal.JournalDamaged}.
 * Zeroing goes trailer, body, header, each forced before the next, so that a crash in between leaves a torn frame again, whatever part
 * of a write survives.
 *
 * <h2>Footer</h2>
 * A frame that ends where its segment ends, outside the chain: nothing names its CRC. Its body is the engine's content, zeros, and last 4 bytes
 * length of the content and 4 bytes offset of the frame, so that it is found from the end of the file. Its previous CRC is that of the
 * segment's last frame. It is derived data: written and forced in the background when the next segment is listed, into room that was kept for
 * it, and made again at open from the records of that segment when it is missing, torn or damaged. That the records before it are complete is
 * proven by the next segment's header. A valid footer that knows a higher revision than the last frame of its segment means that an
 * acknowledged end was cut off: damage. The last segment has none.
 *
 * <h2>Rewritten segments</h2>
 * One segment instead of several that follow each other, with some of their records, trimmed perhaps. Its number is 50,000,000 or more, so
 * that no place in it is taken for one elsewhere; MANIFEST gives the order. Its own chain begins with what the first of them named and ends with a
 * frame of holes: ranges of 8 bytes first and 8 bytes last revision that are not in it, all of them. Written and forced, then its header, then the
 * directory, then MANIFEST; then the old files go, the first one durably before the others. Not listed, it is removed at open.
 *
 * <h2>A segment's life</h2>
 * Made in the background: created, zero-filled, forced, directory forced; not listed. Taken: header written and forced; then MANIFEST
 * written to MANIFEST.tmp, forced, renamed, directory forced; only then its first frame is written. So a listed segment has a valid header, and one
 * that is not listed holds no frame; if it does, MANIFEST went back in time, and that is damage.
 */
package mortmain.journal;
