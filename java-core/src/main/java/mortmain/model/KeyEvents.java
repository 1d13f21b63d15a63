package mortmain.model;

import java.util.List;

/**
 * Events of one store.
 *
 * @param revision of a history: the one that it was read at; of a watch: everything up to it was looked at, so the next watch goes on from it
 * @param more there are more events now
 */
public record KeyEvents(String storeId, long revision, List<KeyEvent> events, boolean more) {}
