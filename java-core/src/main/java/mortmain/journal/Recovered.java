package mortmain.journal;

import java.util.List;

/**
 * What opening found.
 *
 * @param segments live and open, in order
 * @param position in the last segment, where the next frame goes
 * @param crc of the last frame
 * @param revision the last one
 * @param waypoints places where reading can begin
 * @param endsWithMark whether nothing but a mark could be lost by cutting the last frame off; also true of an empty journal
 */
record Recovered(List<Segment> segments, long position, int crc, long revision, boolean endsWithMark, Waypoints waypoints) {}
